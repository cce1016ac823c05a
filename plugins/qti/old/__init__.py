"""QTI 1.2 as learning platforms write it, turned into questions of examhall's own types.

Source: IMS QTI 1.2 ASI information model; the profile of Common Cartridge 1.
"""
