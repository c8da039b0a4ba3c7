"""What no stack may do, as rules over the resources that it registers."""
