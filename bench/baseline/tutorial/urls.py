from django.contrib import admin
from django.urls import include, path
from pub.views import OfferViewSet, PostMessage, PrivateHistory, RedeemOffer
from rest_framework.routers import DefaultRouter

router = DefaultRouter()
router.register("offers", OfferViewSet)

urlpatterns = [
    path("admin/", admin.site.urls),
    path("private/<int:chat_id>/history/", PrivateHistory.as_view()),
    path("api/messages/", PostMessage.as_view()),
    path("venues/redeem-offer/", RedeemOffer.as_view()),
    path("", include(router.urls)),
]
