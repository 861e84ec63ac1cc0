//! What is asked of `DescribeImageUsageReportEntries`.

/// A condition on the entries: those whose attribute `name` has one of `values`.
///
/// Names and values are case-sensitive; `*` and `?` in a value are wildcards. The names that the service
/// knows are `account-id`, `creation-time` and `resource-type`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The attribute's name, as the service spells it.
    pub name: String,
    /// The accepted values; the service joins them by OR.
    pub values: Vec<String>,
}
