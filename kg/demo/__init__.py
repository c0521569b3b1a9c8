"""The demo plant: a seeded job shop that writes an ERP database and MES events, also live."""

from kg.demo.scenes import SCENES, Scene
from kg.demo.simulate import DEFAULT_HOURS, Simulation, build_plant

__all__ = ["DEFAULT_HOURS", "SCENES", "Scene", "Simulation", "build_plant"]
