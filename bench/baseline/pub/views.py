import secrets

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework import generics, viewsets
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.response import Response
from rest_framework.views import APIView

from pub.models import Conversation, Membership, Message, Offer, Presence, Redemption
from pub.serializers import MessageSerializer, OfferSerializer, RedeemSerializer, RedemptionSerializer


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
