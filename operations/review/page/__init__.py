"""The parts of the HTML page of a review: each a function from a review to elements."""
