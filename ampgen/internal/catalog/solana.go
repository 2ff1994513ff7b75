package catalog

import "github.com/apache/arrow-go/v18/arrow"

// optionalListOf is a list whose items are nullable; Solana lists are.
func optionalListOf(t arrow.DataType) arrow.DataType { return arrow.ListOfField(opt("item", t)) }

var (
	solanaTokenBalance = arrow.StructOf(
		req("account_index", u8), req("mint", utf8),
		req("ui_token_amount", arrow.StructOf(req("decimals", u8), req("amount", utf8), req("ui_amount_string", utf8))),
		opt("owner", utf8), opt("program_id", utf8),
	)
	solanaReward = arrow.StructOf(
		req("pubkey", utf8), req("lamports", i64), req("post_balance", u64), opt("reward_type", utf8), opt("commission", u8),
	)
	solanaLookup = arrow.StructOf(
		req("account_key", utf8), req("writable_indexes", optionalListOf(u8)), req("readonly_indexes", optionalListOf(u8)),
	)
)

// Identifiers and hashes are base58 text, times are seconds since 1970.
var solanaTables = []*Table{
	table("block_headers",
		req("_block_num", u64), req("slot", u64), req("parent_slot", u64), req("block_hash", utf8), req("previous_block_hash", utf8),
		opt("block_height", u64), opt("block_time", i64),
	),
	table("block_rewards",
		req("_block_num", u64), req("slot", u64), req("pubkey", utf8), req("lamports", i64), req("post_balance", u64),
		opt("reward_type", utf8), opt("commission", utf8),
	),
	table("transactions",
		req("_block_num", u64), req("slot", u64), req("tx_index", u32), req("tx_version", utf8), req("signatures", optionalListOf(utf8)),
		opt("err", utf8), opt("fee", u64), opt("pre_balances", optionalListOf(u64)), opt("post_balances", optionalListOf(u64)),
		opt("log_messages", optionalListOf(utf8)), opt("pre_token_balances", optionalListOf(solanaTokenBalance)),
		opt("post_token_balances", optionalListOf(solanaTokenBalance)), opt("rewards", optionalListOf(solanaReward)),
		opt("loaded_addresses_writable", optionalListOf(utf8)), opt("loaded_addresses_readonly", optionalListOf(utf8)),
		opt("return_data_program_id", utf8), opt("return_data_data", optionalListOf(u8)), opt("compute_units_consumed", u64),
		opt("cost_units", u64),
	),
	table("messages",
		req("_block_num", u64), req("slot", u64), req("tx_index", u32),
		req("header", arrow.StructOf(req("num_required_signatures", u8), req("num_readonly_signed_accounts", u8),
			req("num_readonly_unsigned_accounts", u8))),
		opt("address_table_lookups", optionalListOf(solanaLookup)), req("account_keys", optionalListOf(utf8)),
		req("recent_block_hash", utf8),
	),
	table("instructions",
		req("_block_num", u64), req("slot", u64), req("tx_index", u32), req("program_id_index", u8), req("accounts", optionalListOf(u8)),
		req("data", optionalListOf(u8)), opt("inner_index", u32), opt("inner_stack_height", u32),
	),
}
