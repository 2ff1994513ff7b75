package sfsql

import "strings"

func (p *parser) create() Statement {
	p.expect("CREATE")
	replace := p.accept("OR", "REPLACE")
	kind := p.next()
	ifNotExists := func() bool {
		if !replace && p.accept("IF") {
			p.expect("NOT", "EXISTS")
			return true
		}
		return false
	}
	switch {
	case kind.is("TABLE"):
		s := &CreateTable{Replace: replace, IfNotExists: ifNotExists(), Name: p.name()}
		p.columns(s)
		for p.accept("COMMENT") {
			p.accept("=")
			s.Comment = p.string()
		}
		return s
	case kind.is("VIEW"):
		s := &CreateView{Replace: replace, IfNotExists: ifNotExists(), Name: p.name()}
		if p.peek().is("(") {
			s.Columns = p.nameList()
		}
		if p.accept("COMMENT") {
			p.expect("=")
			p.string()
		}
		p.expect("AS")
		s.Query = p.query()
		return s
	case kind.is("STAGE"), kind.is("SCHEMA"), kind.is("DATABASE"):
		return &Create{Kind: kind.text, Replace: replace, IfNotExists: ifNotExists(), Name: p.name()}
	}
	p.fail(kind.at, "unexpected '%s'.", kind)
	return nil
}

func (p *parser) columns(s *CreateTable) {
	p.expect("(")
	for {
		named := p.accept("CONSTRAINT")
		if named {
			p.identifier()
		}
		if p.accept("PRIMARY", "KEY") {
			s.Key = p.nameList()
			for p.accept("NOT", "ENFORCED") || p.accept("NORELY") {
			}
		} else if named {
			p.unexpected()
		} else {
			c, key := p.column()
			s.Columns = append(s.Columns, c)
			if key {
				s.Key = []string{c.Name}
			}
		}
		if !p.accept(",") {
			p.expect(")")
			return
		}
	}
}

func (p *parser) column() (c Column, key bool) {
	c.Name = p.identifier()
	c.Type = p.typeName()
	for {
		switch {
		case p.accept("NOT", "NULL"):
			c.NotNull = true
		case p.accept("NULL"):
		case p.accept("DEFAULT"):
			c.Default = p.additive()
		case p.accept("PRIMARY", "KEY"):
			key = true
		case p.accept("COMMENT"):
			c.Comment = p.string()
		default:
			return c, key
		}
	}
}

// typeName is a type's name with its numbers.
func (p *parser) typeName() TypeName {
	t := p.next()
	if t.kind != tWord {
		p.fail(t.at, "unexpected '%s'.", t)
	}
	out := TypeName{Name: t.text, At: t.at}
	if t.text == "DOUBLE" && p.accept("PRECISION") {
		out.Name = "DOUBLE PRECISION"
	}
	if p.accept("(") {
		for {
			out.Args = append(out.Args, p.integer())
			if !p.accept(",") {
				break
			}
		}
		p.expect(")")
	}
	return out
}

func (p *parser) drop() Statement {
	p.expect("DROP")
	kind := p.next()
	switch kind.text {
	case "TABLE", "VIEW", "STAGE", "SCHEMA":
	default:
		p.fail(kind.at, "unexpected '%s'.", kind)
	}
	return &Drop{Kind: kind.text, IfExists: p.accept("IF", "EXISTS"), Name: p.name()}
}

func (p *parser) alter() Statement {
	p.expect("ALTER")
	if p.accept("SESSION") {
		return p.alterSession()
	}
	p.expect("TABLE")
	table := p.name()
	if p.accept("DROP") {
		p.accept("COLUMN")
		return &DropColumn{Table: table, IfExists: p.accept("IF", "EXISTS"), Column: p.identifier()}
	}
	p.expect("ADD")
	p.accept("COLUMN")
	s := &AddColumn{Table: table}
	if p.accept("IF") {
		p.expect("NOT", "EXISTS")
		s.IfNotExists = true
	}
	s.Column, _ = p.column()
	return s
}

func (p *parser) alterSession() Statement {
	p.expect("SET")
	s := &AlterSession{Parameters: map[string]string{}}
	for first := true; first || p.peek().kind == tWord; first = false {
		name := p.identifier()
		p.expect("=")
		s.Parameters[name] = p.optionValue()
		p.accept(",")
	}
	return s
}

// optionValue is the value of an option: a word, a number or a string. Words come in upper case.
func (p *parser) optionValue() string {
	switch t := p.next(); t.kind {
	case tWord, tNumber, tString, tQuoted:
		return t.text
	default:
		p.fail(t.at, "unexpected '%s'.", t)
		return ""
	}
}

// stage is a location on a stage, as a word or in quotes.
func (p *parser) stage() StagePath {
	t := p.next()
	text := t.text
	if t.kind == tString {
		if !strings.HasPrefix(text, "@") {
			p.fail(t.at, "unexpected '%s'.", t)
		}
		text = text[1:]
	} else if t.kind != tStage {
		p.fail(t.at, "unexpected '%s'.", t)
	}
	name, path := cutStage(text)
	tokens, err := lex(name)
	if err != nil {
		p.fail(t.at, "unexpected '@%s'.", text)
	}
	inner := &parser{src: name, tokens: tokens}
	out := StagePath{Path: path}
	func() {
		defer func() {
			if recover() != nil || inner.peek().kind != tEnd {
				p.fail(t.at, "unexpected '@%s'.", text)
			}
		}()
		out.Stage = inner.name()
	}()
	return out
}

// cutStage cuts at the first slash outside of quotes.
func cutStage(text string) (name, path string) {
	inQuotes := false
	for i := range len(text) {
		switch text[i] {
		case '"':
			inQuotes = !inQuotes
		case '/':
			if !inQuotes {
				return text[:i], text[i+1:]
			}
		}
	}
	return text, ""
}

func (p *parser) put() Statement {
	p.expect("PUT")
	at := p.peek().at
	file, ok := strings.CutPrefix(p.string(), "file://")
	if !ok {
		p.fail(at, "unexpected a path without file://.")
	}
	s := &Put{File: file, To: p.stage(), Compress: true, Parallel: 4}
	for p.peek().kind == tWord {
		t := p.next()
		p.expect("=")
		switch t.text {
		case "PARALLEL":
			s.Parallel = p.integer()
		case "AUTO_COMPRESS":
			s.Compress = p.boolean()
		case "OVERWRITE":
			s.Overwrite = p.boolean()
		default:
			p.fail(t.at, "unexpected '%s'.", t)
		}
	}
	return s
}

func (p *parser) boolean() bool {
	switch {
	case p.accept("TRUE"):
		return true
	case p.accept("FALSE"):
		return false
	}
	p.unexpected()
	return false
}

func (p *parser) copy() Statement {
	p.expect("COPY", "INTO")
	s := &Copy{Table: p.name(), Options: map[string]string{}, Format: map[string]string{}}
	p.expect("FROM")
	s.From = p.stage()
	for p.peek().kind == tWord {
		t := p.next()
		p.expect("=")
		switch t.text {
		case "FILES":
			s.Files = p.files()
		case "FILE_FORMAT":
			p.format(s.Format)
		case "ON_ERROR", "MATCH_BY_COLUMN_NAME", "FORCE", "PURGE", "SIZE_LIMIT", "LOAD_UNCERTAIN_FILES":
			s.Options[t.text] = p.optionValue()
		default:
			p.fail(t.at, "unexpected '%s'.", t)
		}
	}
	return s
}

func (p *parser) files() []string {
	p.expect("(")
	var out []string
	for {
		out = append(out, p.string())
		if !p.accept(",") {
			p.expect(")")
			return out
		}
	}
}

func (p *parser) format(out map[string]string) {
	p.expect("(")
	for !p.accept(")") {
		t := p.peek()
		switch t.text {
		case "TYPE", "COMPRESSION", "USE_VECTORIZED_SCANNER", "BINARY_AS_TEXT", "USE_LOGICAL_TYPE", "TRIM_SPACE", "REPLACE_INVALID_CHARACTERS":
		default:
			p.unexpected()
		}
		p.next()
		p.expect("=")
		out[t.text] = p.optionValue()
		p.accept(",")
	}
}
