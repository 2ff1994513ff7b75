// Package suggest finds the word that a user probably meant.
package suggest

import "strings"

// Closest is the candidate that is nearest to word in spelling, letter case aside, or "" when none is near enough to be a
// slip of the keyboard: one edit in a word of two to four letters, two up to seven, three beyond. An edit inserts, deletes or
// replaces a letter, or swaps two neighbours. Of equally near candidates the first wins.
func Closest(word string, candidates []string) string {
	w := []rune(strings.ToLower(word))
	limit := min((len(w)+1)/3, 3) // none for one letter, which resembles everything
	best, bestDistance := "", limit+1
	for _, c := range candidates {
		r := []rune(strings.ToLower(c))
		if d := distance(w, r, bestDistance); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// DidYouMean is the help line for a misspelt word, or "" when no candidate is near.
func DidYouMean(word string, candidates []string) string {
	if c := Closest(word, candidates); c != "" {
		return "did you mean " + c + "?"
	}
	return ""
}

// distance is the number of edits between a and b (optimal string alignment), or any number ≥ cut when it is at least cut.
func distance(a, b []rune, cut int) int {
	if len(a)-len(b) >= cut || len(b)-len(a) >= cut {
		return cut
	}
	before, above := make([]int, len(b)+1), make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(b)]
}
