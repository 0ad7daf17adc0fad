"""From chosen sources to the rows of a plan."""
