from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models


class IceBreaker(models.Model):
    """Something to say to a stranger. Levels run from 1 (light) to 5 (bold)."""

    class Gender(models.TextChoices):
        MALE = "male"
        FEMALE = "female"
        ANY = "any"

    text = models.CharField(max_length=500)
    level = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(5)])
    gender = models.CharField(max_length=10, choices=Gender.choices, default=Gender.ANY)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=("level", "gender"), name="ice_breaker_by_kind"),)
        constraints = (
            models.UniqueConstraint(fields=("text", "level", "gender"), name="ice_breaker_once"),
            models.CheckConstraint(condition=models.Q(level__range=(1, 5)), name="ice_breaker_level_1_to_5"),
        )

    def __str__(self) -> str:
        return self.text
