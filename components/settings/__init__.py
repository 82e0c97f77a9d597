"""Settings models: what a stack file may say. Plain values, no Pulumi, no cloud SDK."""
