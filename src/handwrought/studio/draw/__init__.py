"""Draw: what the network makes of a drawing, stroke by stroke."""
