"""What the decoding engine costs, beside what it is compared with."""
