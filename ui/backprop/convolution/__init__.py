"""A convolution place by place, forward as a product and back through max pooling."""
