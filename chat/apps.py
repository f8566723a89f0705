from core.apps import DomainConfig


class ChatConfig(DomainConfig):
    name = "chat"
    verbose_name = "Chat"
