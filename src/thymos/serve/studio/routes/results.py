"""Report cards of models and results of studies, read from folders."""

from fastapi import APIRouter

from thymos.serve.studio import bodies
from thymos.serve.studio.result_folders import CardFolder, StudyFolder
from thymos.serve.studio.studio import Here, Mine

router = APIRouter(tags=["results"])

Slug = bodies.Slug


@router.get("/assessments")
def assessments(user: Mine, studio: Here) -> bodies.Assessments:
    """Report cards that `thymos assess` wrote."""
    return CardFolder(studio.options.assessments).listed()


@router.get("/assessments/{assessment_id}")
def assessment(assessment_id: Slug, user: Mine, studio: Here) -> bodies.Assessment:
    """One report card."""
    return CardFolder(studio.options.assessments).one(assessment_id)


@router.get("/studies")
def studies(user: Mine, studio: Here) -> bodies.Studies:
    """Results of studies with their verdicts."""
    return StudyFolder(studio.options.results).listed()


@router.get("/studies/{slug}")
def study(slug: Slug, user: Mine, studio: Here) -> bodies.Study:
    """One study's result."""
    return StudyFolder(studio.options.results).one(slug)
