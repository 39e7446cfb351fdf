"""The report as one page of HTML: nothing on it is fetched from elsewhere."""
