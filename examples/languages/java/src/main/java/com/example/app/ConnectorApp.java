package com.example.app;

import com.example.powerautomate.AlarmActions;
import com.example.powerautomate.AlarmActionsBySeverity;
import com.example.powerautomate.AlarmGroupOverride;
import com.example.powerautomate.AlarmOverride;
import com.example.powerautomate.AlarmOverrides;
import com.example.powerautomate.BodyFormat;
import com.example.powerautomate.ConnectorAction;
import com.example.powerautomate.ConnectorAlarms;
import com.example.powerautomate.ConnectorApiOptions;
import com.example.powerautomate.ConnectorExportOptions;
import com.example.powerautomate.ConnectorSignIn;
import com.example.powerautomate.ConnectorSource;
import com.example.powerautomate.ConnectorSourceOptions;
import com.example.powerautomate.CustomerProfilesSegmentOptions;
import com.example.powerautomate.DailyExpectationOptions;
import com.example.powerautomate.DataSourceRefreshFailedOptions;
import com.example.powerautomate.DataSourceRefreshSucceededOptions;
import com.example.powerautomate.FlowSubscription;
import com.example.powerautomate.FlowSubscriptionOptions;
import com.example.powerautomate.FlowUrl;
import com.example.powerautomate.GlueJobSourceOptions;
import com.example.powerautomate.IPowerAutomateConnector;
import com.example.powerautomate.Measure;
import com.example.powerautomate.MeasureOptions;
import com.example.powerautomate.MeasureThresholdOptions;
import com.example.powerautomate.Notifications;
import com.example.powerautomate.OrganizationProducerOptions;
import com.example.powerautomate.PowerAutomateConnector;
import com.example.powerautomate.Producer;
import com.example.powerautomate.RateLimit;
import com.example.powerautomate.ReconciliationOptions;
import com.example.powerautomate.RedshiftClusterOptions;
import com.example.powerautomate.RedshiftDatabase;
import com.example.powerautomate.RedshiftQueryOptions;
import com.example.powerautomate.RefreshExpectation;
import com.example.powerautomate.RefreshKind;
import com.example.powerautomate.RefreshStatus;
import com.example.powerautomate.RefreshSubject;
import com.example.powerautomate.Segment;
import com.example.powerautomate.SegmentOptions;
import com.example.powerautomate.SegmentThresholdOptions;
import com.example.powerautomate.Source;
import com.example.powerautomate.StepFunctionsFullRefreshOptions;
import com.example.powerautomate.Threshold;
import com.example.powerautomate.ThresholdOptions;
import com.example.powerautomate.Trigger;
import com.example.powerautomate.Unification;
import com.example.powerautomate.UnificationOptions;
import com.example.powerautomate.UnificationRefreshCompletedOptions;
import com.example.powerautomate.Weekday;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.App;
import software.amazon.awscdk.Aspects;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.IAspect;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.events.OnEventOptions;
import software.amazon.awscdk.services.events.targets.SqsQueue;
import software.amazon.awscdk.services.iam.CfnRole;
import software.amazon.awscdk.services.scheduler.ScheduleExpression;
import software.amazon.awscdk.services.secretsmanager.ISecret;
import software.amazon.awscdk.services.secretsmanager.Secret;
import software.amazon.awscdk.services.sqs.Queue;
import software.amazon.awscdk.services.stepfunctions.IStateMachine;
import software.amazon.awscdk.services.stepfunctions.StateMachine;
import software.constructs.IConstruct;

/** The app of ../typescript in Java. */
public final class ConnectorApp {
    private ConnectorApp() {}

    public static void main(final String[] args) {
        final App app = new App();
        final Stack stack = new Stack(app, "Connector");
        final PowerAutomateConnector connector = PowerAutomateConnector.Builder.create(stack, "PowerAutomate")
                .deliveryRetention(Duration.days(30))
                .notifications(Notifications.email("data-owners@example.com"))
                .build();
        connector.allowProducers(
                Producer.account("111122223333"),
                Producer.organization(
                        "o-a1b2c3d4e5",
                        OrganizationProducerOptions.builder()
                                .path("r-ab12/ou-ab12-11111111")
                                .build()));

        connector.addSource(
                "Orders",
                Source.glueJob(GlueJobSourceOptions.builder()
                        .jobName("load-orders")
                        .dataSource("Orders")
                        .build()),
                ConnectorSourceOptions.builder()
                        .reconciliation(ReconciliationOptions.builder().build())
                        .build());
        final IStateMachine nightly = StateMachine.fromStateMachineName(stack, "NightlyMachine", "nightly");
        connector.addSource(
                "Nightly",
                Source.stepFunctionsFullRefresh(StepFunctionsFullRefreshOptions.builder()
                        .stateMachine(nightly)
                        .kind(RefreshKind.SCHEDULED)
                        .build()));
        connector.addSegment(
                "VipSize",
                SegmentOptions.builder()
                        .segment("VIP customers")
                        .size(Segment.fromCustomerProfiles(CustomerProfilesSegmentOptions.builder()
                                .domainName("shop")
                                .segmentDefinitionName("vip")
                                .build()))
                        .schedule(ScheduleExpression.rate(Duration.hours(1)))
                        .build());
        connector.addMeasure(
                "Revenue",
                MeasureOptions.builder()
                        .measure("Revenue yesterday")
                        .dimensions(List.of("region"))
                        .query(Measure.fromRedshiftQuery(RedshiftQueryOptions.builder()
                                .sql("SELECT region, SUM(total) AS revenue FROM orders"
                                        + " WHERE day = CURRENT_DATE - 1 GROUP BY region")
                                .database(RedshiftDatabase.ofCluster(RedshiftClusterOptions.builder()
                                        .clusterIdentifier("dwh-1")
                                        .database("dwh")
                                        .build()))
                                .build()))
                        .schedule(ScheduleExpression.rate(Duration.minutes(15)))
                        .build());
        connector.addUnification(
                "Match",
                UnificationOptions.builder()
                        .jobs(Unification.fromEntityResolution("customers"))
                        .build());

        final ISecret flowUrls = Secret.fromSecretNameV2(stack, "FlowUrls", "crm/flow-urls");
        connector.addSubscription(
                "OrdersFailed",
                FlowSubscriptionOptions.builder()
                        .trigger(Trigger.dataSourceRefreshFailed(DataSourceRefreshFailedOptions.builder()
                                .dataSource("Orders")
                                .includeRetries(true)
                                .build()))
                        .flowUrl(FlowUrl.fromSecret(flowUrls, "data-team"))
                        .format(BodyFormat.TEAMS_CARD)
                        .owners(List.of("data-owners@example.com"))
                        .rateLimit(RateLimit.builder()
                                .calls(100)
                                .per(Duration.minutes(5))
                                .build())
                        .build());
        connector.addSubscription(
                "NoOrders",
                FlowSubscriptionOptions.builder()
                        .trigger(Trigger.refreshOverdue(RefreshExpectation.by(
                                RefreshSubject.dataSource("Orders"),
                                DailyExpectationOptions.builder()
                                        .time("07:00")
                                        .timeZone("Europe/Berlin")
                                        .days(List.of(Weekday.MONDAY, Weekday.TUESDAY))
                                        .grace(Duration.minutes(30))
                                        .build())))
                        .build());
        connector.addSubscription(
                "NoFullRefresh",
                FlowSubscriptionOptions.builder()
                        .trigger(Trigger.refreshOverdue(
                                RefreshExpectation.every(RefreshSubject.fullRefresh(), Duration.days(1))))
                        .build());
        connector.addSubscription(
                "RevenueFell",
                FlowSubscriptionOptions.builder()
                        .trigger(Trigger.measureThresholdCrossed(MeasureThresholdOptions.builder()
                                .measure("Revenue yesterday")
                                .dimensions(Map.of("region", "North"))
                                .threshold(Threshold.below(100_000))
                                .build()))
                        .build());
        final Queue crossings = Queue.Builder.create(stack, "Crossings").enforceSsl(true).build();
        connector.onThresholdCrossed(
                "Crossed",
                OnEventOptions.builder().target(new SqsQueue(crossings)).build());
        connector.addConnectorApi(
                "Api",
                ConnectorApiOptions.builder()
                        .signIn(List.of(ConnectorSignIn.keys()))
                        .actions(List.of(ConnectorAction.READ, ConnectorAction.REPORT_OUTCOMES))
                        .build());

        // A team's own stack: its subscriptions reference the connector of the other one.
        final Stack marketing = new Stack(app, "Marketing");
        FlowSubscription.Builder.create(marketing, "VipOver10k")
                .connector(connector)
                .trigger(Trigger.segmentThresholdCrossed(SegmentThresholdOptions.builder()
                        .segment("VIP customers")
                        .threshold(Threshold.above(
                                10_000,
                                ThresholdOptions.builder()
                                        .recoverTo(9_000)
                                        .fireIfAlreadyBeyond(true)
                                        .build()))
                        .build()))
                .flowUrl(FlowUrl.fromSecret(flowUrls, "marketing"))
                .finishWithin(Duration.hours(1))
                .build();
        FlowSubscription.Builder.create(marketing, "Unified")
                .connector(connector)
                .trigger(Trigger.unificationRefreshCompleted(UnificationRefreshCompletedOptions.builder()
                        .status(List.of(RefreshStatus.FAILED, RefreshStatus.TIMED_OUT))
                        .build()))
                .flowUrl(FlowUrl.fromSecret(flowUrls, "marketing"))
                .build();

        // Another app refers to the connector by the name of its export.
        connector.exportAs(
                "customer-data", ConnectorExportOptions.builder().sources(true).build());
        final Stack another = new Stack(app, "Another");
        final IPowerAutomateConnector imported =
                PowerAutomateConnector.fromExports(another, "Imported", "customer-data");
        ConnectorSource.Builder.create(another, "Campaigns")
                .connector(imported)
                .source(Source.glueJob(GlueJobSourceOptions.builder()
                        .jobName("load-campaigns")
                        .dataSource("Campaigns")
                        .build()))
                .build();
        FlowSubscription.Builder.create(another, "CampaignsRefreshed")
                .connector(imported)
                .trigger(Trigger.dataSourceRefreshSucceeded(DataSourceRefreshSucceededOptions.builder()
                        .dataSource("Campaigns")
                        .build()))
                .flowUrl(FlowUrl.fromSecret(
                        Secret.fromSecretNameV2(another, "FlowUrls", "crm/flow-urls"), "campaigns"))
                .build();

        ConnectorAlarms.Builder.create(stack, "Alarms")
                .connector(connector)
                .actions(AlarmActions.bySeverity(AlarmActionsBySeverity.builder()
                        .high(AlarmActions.topic(connector.getNotifications().getTopic()))
                        .build()))
                .overrides(AlarmOverrides.builder()
                        .oldestPending(AlarmOverride.builder().threshold(7200).build())
                        .queueAge(AlarmGroupOverride.builder()
                                .each(Map.of(
                                        "Stages",
                                        AlarmOverride.builder().enabled(false).build()))
                                .build())
                        .build())
                .build();

        Aspects.of(stack).add(new RolePath());
        app.synth();
    }

    /** Gives each role a path, which an organization's policies can require. */
    private static final class RolePath implements IAspect {
        @Override
        public void visit(final IConstruct node) {
            if (node instanceof CfnRole role) {
                role.setPath("/connectors/");
            }
        }
    }
}
