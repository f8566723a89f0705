from core.apps import DomainConfig


class WorkspacesConfig(DomainConfig):
    name = "workspaces"
    verbose_name = "Workspaces"
