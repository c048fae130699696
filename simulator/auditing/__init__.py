"""What the published figures of an index tell and its report does not: tie rules, irregular points, inner structure."""
