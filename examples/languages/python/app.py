"""The app of ../typescript in Python."""

import aws_cdk as cdk
import jsii
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from cdk_power_automate_connector import (
    AlarmActions,
    AlarmGroupOverride,
    AlarmOverride,
    AlarmOverrides,
    BodyFormat,
    ConnectorAction,
    ConnectorAlarms,
    ConnectorSignIn,
    ConnectorSource,
    FlowSubscription,
    FlowUrl,
    Measure,
    Notifications,
    PowerAutomateConnector,
    Producer,
    RateLimit,
    ReconciliationOptions,
    RedshiftDatabase,
    RefreshExpectation,
    RefreshKind,
    RefreshStatus,
    RefreshSubject,
    Segment,
    Source,
    Threshold,
    Trigger,
    Unification,
    Weekday,
)
from constructs import IConstruct

app = cdk.App()
stack = cdk.Stack(app, "Connector")
connector = PowerAutomateConnector(
    stack,
    "PowerAutomate",
    delivery_retention=cdk.Duration.days(30),
    notifications=Notifications.email("data-owners@example.com"),
)
connector.allow_producers(
    Producer.account("111122223333"),
    Producer.organization("o-a1b2c3d4e5", path="r-ab12/ou-ab12-11111111"),
)

connector.add_source(
    "Orders",
    Source.glue_job(job_name="load-orders", data_source="Orders"),
    reconciliation=ReconciliationOptions(),
)
nightly = sfn.StateMachine.from_state_machine_name(stack, "NightlyMachine", "nightly")
connector.add_source(
    "Nightly",
    Source.step_functions_full_refresh(state_machine=nightly, kind=RefreshKind.SCHEDULED),
)
connector.add_segment(
    "VipSize",
    segment="VIP customers",
    size=Segment.from_customer_profiles(domain_name="shop", segment_definition_name="vip"),
    schedule=scheduler.ScheduleExpression.rate(cdk.Duration.hours(1)),
)
connector.add_measure(
    "Revenue",
    measure="Revenue yesterday",
    dimensions=["region"],
    query=Measure.from_redshift_query(
        sql="SELECT region, SUM(total) AS revenue FROM orders WHERE day = CURRENT_DATE - 1 GROUP BY region",
        database=RedshiftDatabase.of_cluster(cluster_identifier="dwh-1", database="dwh"),
    ),
    schedule=scheduler.ScheduleExpression.rate(cdk.Duration.minutes(15)),
)
connector.add_unification("Match", jobs=Unification.from_entity_resolution("customers"))

flow_urls = secretsmanager.Secret.from_secret_name_v2(stack, "FlowUrls", "crm/flow-urls")
connector.add_subscription(
    "OrdersFailed",
    trigger=Trigger.data_source_refresh_failed(data_source="Orders", include_retries=True),
    flow_url=FlowUrl.from_secret(flow_urls, "data-team"),
    format=BodyFormat.TEAMS_CARD,
    owners=["data-owners@example.com"],
    rate_limit=RateLimit(calls=100, per=cdk.Duration.minutes(5)),
)
connector.add_subscription(
    "NoOrders",
    trigger=Trigger.refresh_overdue(
        RefreshExpectation.by(
            RefreshSubject.data_source("Orders"),
            time="07:00",
            time_zone="Europe/Berlin",
            days=[Weekday.MONDAY, Weekday.TUESDAY],
            grace=cdk.Duration.minutes(30),
        )
    ),
)
connector.add_subscription(
    "NoFullRefresh",
    trigger=Trigger.refresh_overdue(RefreshExpectation.every(RefreshSubject.full_refresh(), cdk.Duration.days(1))),
)
connector.add_subscription(
    "RevenueFell",
    trigger=Trigger.measure_threshold_crossed(
        measure="Revenue yesterday",
        dimensions={"region": "North"},
        threshold=Threshold.below(100_000),
    ),
)
crossings = sqs.Queue(stack, "Crossings", enforce_ssl=True)
connector.on_threshold_crossed("Crossed", target=targets.SqsQueue(crossings))
connector.add_connector_api(
    "Api",
    sign_in=[ConnectorSignIn.keys()],
    actions=[ConnectorAction.READ, ConnectorAction.REPORT_OUTCOMES],
)

# A team's own stack: its subscriptions reference the connector of the other one.
marketing = cdk.Stack(app, "Marketing")
FlowSubscription(
    marketing,
    "VipOver10k",
    connector=connector,
    trigger=Trigger.segment_threshold_crossed(
        segment="VIP customers",
        threshold=Threshold.above(10_000, recover_to=9_000, fire_if_already_beyond=True),
    ),
    flow_url=FlowUrl.from_secret(flow_urls, "marketing"),
    finish_within=cdk.Duration.hours(1),
)
FlowSubscription(
    marketing,
    "Unified",
    connector=connector,
    trigger=Trigger.unification_refresh_completed(status=[RefreshStatus.FAILED, RefreshStatus.TIMED_OUT]),
    flow_url=FlowUrl.from_secret(flow_urls, "marketing"),
)

# Another app refers to the connector by the name of its export.
connector.export_as("customer-data", sources=True)
another = cdk.Stack(app, "Another")
imported = PowerAutomateConnector.from_exports(another, "Imported", "customer-data")
ConnectorSource(
    another,
    "Campaigns",
    connector=imported,
    source=Source.glue_job(job_name="load-campaigns", data_source="Campaigns"),
)
FlowSubscription(
    another,
    "CampaignsRefreshed",
    connector=imported,
    trigger=Trigger.data_source_refresh_succeeded(data_source="Campaigns"),
    flow_url=FlowUrl.from_secret(
        secretsmanager.Secret.from_secret_name_v2(another, "FlowUrls", "crm/flow-urls"), "campaigns"
    ),
)

assert connector.notifications is not None
ConnectorAlarms(
    stack,
    "Alarms",
    connector=connector,
    actions=AlarmActions.by_severity(high=AlarmActions.topic(connector.notifications.topic)),
    overrides=AlarmOverrides(
        oldest_pending=AlarmOverride(threshold=7200),
        queue_age=AlarmGroupOverride(each={"Stages": AlarmOverride(enabled=False)}),
    ),
)


@jsii.implements(cdk.IAspect)
class RolePath:
    """Gives each role a path, which an organization's policies can require."""

    def visit(self, node: IConstruct) -> None:
        if isinstance(node, iam.CfnRole):
            node.path = "/connectors/"


cdk.Aspects.of(stack).add(RolePath())
app.synth()
