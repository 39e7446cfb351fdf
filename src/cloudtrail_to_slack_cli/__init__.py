"""The command line `cloudtrail-to-slack`: what rules do, before they are deployed. Not shipped to Lambda."""
