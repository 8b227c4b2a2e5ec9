"""Looking after the people of a server: their roles and bans, what roles may do, statistics and the audit."""

from app.administration.audit_router import mine, router
from app.administration.jobs_router import router as jobs
from app.administration.people_router import router as people
from app.administration.roles_router import router as roles
from app.administration.statistics_router import router as statistics

ROUTERS = (mine, jobs, people, roles, statistics, router)
