from analytics import tasks
from billing.events import PaymentRecorded
from core.events import after_commit
from core.jobs import enqueue


@after_commit(PaymentRecorded)
def count_its_day_again(event: PaymentRecorded) -> None:
    """Somebody may write down today what was paid last week. The night would find it too."""
    enqueue(tasks.count_again_when_paid, event.payment_id)
