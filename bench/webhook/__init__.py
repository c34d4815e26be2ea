"""The webhook beside such as reply only, or queue only."""
