"""A model of one's own for one patient: a general network goes on learning from this patient's CT and contour.

After the idea of intentional deep overfit learning (IDOL): what is learned is one patient's anatomy and tumor, so the
folder with case and weights is personal data and stays where the case is.
"""
