"""What may vary in a study, and how: factors, distributions, designs, and a block of draws realised from them."""
