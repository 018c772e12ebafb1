"""What can be told of a table by looking at it: how it is written, what its columns are, and what could be asked of it.

reading   how the file is written, and its rows, batch by batch
seen      what was seen of each column, and a sample of rows; bounded, however long the table is
kinds     what a column is: its type, and why
amounts   how numbers are written with a unit and with spaces
dates     how dates are written
alone     how well one column alone tells the target
asking    what is asked of the target, and its answer in each row
found     what was concluded
roles     what each column is for: the key, the time, a feature, or nothing
writing   the problem file that says all this
"""
