"""Small files, plans and exact numbers that several tests are made of."""
