"""A new version of a service on a stack, watched until it runs or was given up; and the way back to an earlier one."""
