"""What a stack costs: estimated from its stack file, or asked of the provider's bill."""
