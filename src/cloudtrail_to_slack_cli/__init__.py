"""The command line `cloudtrail-to-slack`: check, test and explain rules. Not shipped to Lambda."""
