from django.apps import AppConfig


class BaselineChatConfig(AppConfig):
    name = "bench.baseline_chat"
    label = "baseline_chat"
