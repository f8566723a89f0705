import secrets

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework import generics, viewsets
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.response import Response
from rest_framework.views import APIView

from pub.models import Activity, Channel, Conversation, Membership, Message, Offer, Presence, Redemption
from pub.serializers import (
    MessageSerializer,
    OfferSerializer,
    PostMessageSerializer,
    RedeemSerializer,
    RedemptionSerializer,
)


class OfferViewSet(viewsets.ModelViewSet):
    queryset = Offer.objects.all()
    serializer_class = OfferSerializer

    def get_queryset(self):
        queryset = Offer.objects.filter(withdrawn_at=None, venue__status="active").select_related("venue")
        venue = self.request.query_params.get("venue")
        if venue is not None:
            queryset = queryset.filter(venue_id=venue)
        return queryset


class PrivateHistory(generics.ListAPIView):
    serializer_class = MessageSerializer

    def get_queryset(self):
        conversation = get_object_or_404(Conversation, pk=self.kwargs["chat_id"], participants__user=self.request.user)
        messages = Message.objects.filter(conversation=conversation).order_by("-seq")
        return messages.select_related("sender").prefetch_related("reactions__user")


class PostMessage(APIView):
    def post(self, request):
        serializer = PostMessageSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        channels = Channel.objects.filter(workspace__members__user=request.user)
        channel = get_object_or_404(channels, pk=serializer.validated_data["channel_id"])
        message = self.store(request.user, channel, serializer.validated_data["body"])
        async_to_sync(get_channel_layer().group_send)(
            f"channel_{channel.pk}", {"type": "new.message", "message": {"id": message.pk, "body": message.body}}
        )
        return Response({"status": "success", "message_id": message.pk, "seq": message.seq}, status=201)

    @transaction.atomic
    def store(self, user, channel, body):
        conversation = Conversation.objects.select_for_update().get(channel=channel)
        conversation.last_seq += 1
        conversation.updated_at = timezone.now()
        conversation.save()
        message = Message.objects.create(
            conversation=conversation, seq=conversation.last_seq, sender=user, body=body, created_at=timezone.now()
        )
        Activity.objects.create(
            workspace=channel.workspace,
            actor=user,
            type="message_sent",
            ref_id=message.pk,
            summary=f"{user.username} sent a message in #{channel.name}",
        )
        return message


class RedeemOffer(APIView):
    @transaction.atomic
    def post(self, request):
        serializer = RedeemSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        offers = Offer.objects.select_for_update().filter(withdrawn_at=None)
        offer = get_object_or_404(offers, pk=serializer.validated_data["offer_id"])
        presence = self.check(request.user, offer)
        redeemed = Redemption.objects.filter(offer=offer, customer=request.user).count()
        if redeemed >= offer.per_customer_limit:
            raise ValidationError("Already redeemed.")
        offer.redeemed_count += 1
        offer.save()
        redemption = Redemption.objects.create(
            offer=offer,
            venue=presence.venue,
            customer=request.user,
            ordinal=redeemed + 1,
            code=secrets.token_hex(4).upper(),
            certainty=presence.certainty,
        )
        return Response(
            {"message": "Offer redeemed successfully.", "redemption": RedemptionSerializer(redemption).data}
        )

    def check(self, user, offer):
        now = timezone.now()
        if not offer.starts_at <= now < offer.expires_at:
            raise ValidationError("The offer is not open.")
        if offer.total_quota is not None and offer.redeemed_count >= offer.total_quota:
            raise ValidationError("Sold out.")
        presence = Presence.objects.select_related("venue").filter(user=user, until__gt=now).first()
        if presence is None or presence.venue_id != offer.venue_id:
            raise PermissionDenied("You are not at the venue.")
        if offer.eligible_memberships:
            membership = Membership.objects.filter(user=user).first()
            if membership is None or membership.tier not in offer.eligible_memberships:
                raise PermissionDenied("Your membership does not include this offer.")
        return presence
