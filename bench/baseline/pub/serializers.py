from rest_framework import serializers

from pub.models import Message, Offer, Reaction, Redemption


class OfferSerializer(serializers.ModelSerializer):
    class Meta:
        model = Offer
        fields = [
            "id",
            "venue",
            "title",
            "description",
            "terms",
            "starts_at",
            "expires_at",
            "total_quota",
            "per_customer_limit",
            "eligible_memberships",
            "presence_required",
        ]


class ReactionSerializer(serializers.ModelSerializer):
    user = serializers.CharField(source="user.username")

    class Meta:
        model = Reaction
        fields = ["emoji", "user"]


class MessageSerializer(serializers.ModelSerializer):
    sender = serializers.CharField(source="sender.username")
    message = serializers.CharField(source="body")
    timestamp = serializers.DateTimeField(source="created_at")
    reactions = ReactionSerializer(many=True, read_only=True)

    class Meta:
        model = Message
        fields = ["id", "seq", "sender", "sender_id", "message", "timestamp", "edited_at", "deleted_at", "reactions"]


class PostMessageSerializer(serializers.Serializer):
    channel_id = serializers.IntegerField()
    body = serializers.CharField(max_length=4000)


class RedeemSerializer(serializers.Serializer):
    offer_id = serializers.UUIDField()


class RedemptionSerializer(serializers.ModelSerializer):
    class Meta:
        model = Redemption
        fields = ["id", "code", "offer", "venue", "redeemed_at"]
