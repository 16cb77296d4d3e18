"""Small models for the tests of this folder."""

from nsynth_mixes import batches as batches
from nsynth_mixes import model_name as model_name
