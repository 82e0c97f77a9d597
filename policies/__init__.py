"""The policy pack: what a stack of this program must keep to, judged in a preview, on a state file and in a review."""
