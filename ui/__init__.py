"""The pages of Digit Lab: they turn the core's values into pictures, and clicks into settings."""
