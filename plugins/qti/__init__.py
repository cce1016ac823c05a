"""An engine for QTI 2.0 to 2.2 and 3.0: items, response processing, tests.

Sources: IMS Question and Test Interoperability, Assessment, Section and Item Information Model 2.1,
2.2 and 3.0. QTI 3.0 is read by giving its elements and attributes the names of 2.x.
"""
