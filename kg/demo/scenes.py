"""The scenes that every history of the demo plant ends with, so that a visitor meets his own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scene:
    """One awkward case: its name, the entity to ask about (``kind/id``) and what is the matter."""

    name: str
    entity: str
    sentence: str


SCENES = (
    Scene(
        "nested-saw",
        "machine/SAW-01",
        "One saw cuts jobs 1043 and 1044 from one stack, for two customers.",
    ),
    Scene(
        "two-pallets",
        "machine/MILL-01",
        "Job 1046 is on pallet PAL-1 and job 1047 on PAL-2 of one mill.",
    ),
    Scene(
        "two-machines",
        "job/1045",
        "Lathes 1 and 2 share operation 10 of one job.",
    ),
    Scene(
        "setup",
        "machine/LATHE-03",
        "Job 1048 is being set up; nothing is made yet.",
    ),
    Scene(
        "no-material",
        "machine/MILL-02",
        "The mill stands idle: the castings for job 1049 are not here.",
    ),
    Scene(
        "no-job",
        "machine/LATHE-04",
        "The spindle turns and no job is booked on it.",
    ),
    Scene(
        "outside",
        "job/1050",
        "Operation 20 is at the heat treater, on no machine of ours.",
    ),
    Scene(
        "stock",
        "job/1051",
        "Made for stock: there is no customer, and none is owed.",
    ),
    Scene(
        "line-split",
        "order-line/3902",
        "One order line is made by jobs 1045 and 1052.",
    ),
    Scene(
        "lines-merged",
        "job/1053",
        "One job is made for two lines of two customers' orders.",
    ),
    Scene(
        "partial",
        "job/1054",
        "Of 40 pieces 22 are good, 2 are scrap and 1 is rework so far.",
    ),
    Scene(
        "serials",
        "piece/S-9001",
        "A pump of job 1055 with its rotor's serial number in it.",
    ),
    Scene(
        "genealogy",
        "batch/4790",
        "Rotor shafts of job 1058, from bar, on their way into pumps of job 1055.",
    ),
    Scene(
        "stricter-customer",
        "requirement/1",
        "Kallfors Marin wants P-100's diameter closer than the standard.",
    ),
    Scene(
        "pinned-revision",
        "job/1047",
        "The job is pinned to revision C; its part is at D.",
    ),
    Scene(
        "possible-batch",
        "job/1048",
        "Bars of lots 4781 and 4782 are loaded and neither was scanned.",
    ),
    Scene(
        "blank-customer",
        "job/1056",
        "Made to order, but nobody wrote for whom.",
    ),
    Scene(
        "alias",
        "job/1057",
        "The MES calls this job RUSH-7; only crosswalk.csv knows.",
    ),
    Scene(
        "expired-note",
        "note/N3",
        "Somebody's word about MILL-02 that has run out.",
    ),
)
