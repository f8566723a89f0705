"""What many, slow or hostile clients cost. A module a row: it prints one line of JSON and fails when it is missed."""
