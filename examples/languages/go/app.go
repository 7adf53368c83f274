// The app of ../typescript in Go.
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	connectors "example.com/cdk-power-automate-connector-go/powerautomate"
)

func main() {
	defer jsii.Close()

	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Connector"), nil)
	connector := connectors.NewPowerAutomateConnector(stack, jsii.String("PowerAutomate"), &connectors.PowerAutomateConnectorProps{
		DeliveryRetention: awscdk.Duration_Days(jsii.Number(30)),
		Notifications:     connectors.Notifications_Email(jsii.String("data-owners@example.com")),
	})
	connector.AllowProducers(
		connectors.Producer_Account(jsii.String("111122223333")),
		connectors.Producer_Organization(jsii.String("o-a1b2c3d4e5"), &connectors.OrganizationProducerOptions{
			Path: jsii.String("r-ab12/ou-ab12-11111111"),
		}),
	)

	connector.AddSource(
		jsii.String("Orders"),
		connectors.Source_GlueJob(&connectors.GlueJobSourceOptions{
			JobName:    jsii.String("load-orders"),
			DataSource: jsii.String("Orders"),
		}),
		&connectors.ConnectorSourceOptions{Reconciliation: &connectors.ReconciliationOptions{}},
	)
	nightly := awsstepfunctions.StateMachine_FromStateMachineName(stack, jsii.String("NightlyMachine"), jsii.String("nightly"))
	connector.AddSource(
		jsii.String("Nightly"),
		connectors.Source_StepFunctionsFullRefresh(&connectors.StepFunctionsFullRefreshOptions{
			StateMachine: nightly,
			Kind:         connectors.RefreshKind_SCHEDULED,
		}),
		nil,
	)
	connector.AddSegment(jsii.String("VipSize"), &connectors.SegmentOptions{
		Segment: jsii.String("VIP customers"),
		Size: connectors.Segment_FromCustomerProfiles(&connectors.CustomerProfilesSegmentOptions{
			DomainName:            jsii.String("shop"),
			SegmentDefinitionName: jsii.String("vip"),
		}),
		Schedule: awsscheduler.ScheduleExpression_Rate(awscdk.Duration_Hours(jsii.Number(1))),
	})
	connector.AddMeasure(jsii.String("Revenue"), &connectors.MeasureOptions{
		Measure:    jsii.String("Revenue yesterday"),
		Dimensions: jsii.Strings("region"),
		Query: connectors.Measure_FromRedshiftQuery(&connectors.RedshiftQueryOptions{
			Sql: jsii.String("SELECT region, SUM(total) AS revenue FROM orders WHERE day = CURRENT_DATE - 1 GROUP BY region"),
			Database: connectors.RedshiftDatabase_OfCluster(&connectors.RedshiftClusterOptions{
				ClusterIdentifier: jsii.String("dwh-1"),
				Database:          jsii.String("dwh"),
			}),
		}),
		Schedule: awsscheduler.ScheduleExpression_Rate(awscdk.Duration_Minutes(jsii.Number(15))),
	})
	connector.AddUnification(jsii.String("Match"), &connectors.UnificationOptions{
		Jobs: connectors.Unification_FromEntityResolution(jsii.String("customers")),
	})

	flowUrls := awssecretsmanager.Secret_FromSecretNameV2(stack, jsii.String("FlowUrls"), jsii.String("crm/flow-urls"))
	connector.AddSubscription(jsii.String("OrdersFailed"), &connectors.FlowSubscriptionOptions{
		Trigger: connectors.Trigger_DataSourceRefreshFailed(&connectors.DataSourceRefreshFailedOptions{
			DataSource:     jsii.String("Orders"),
			IncludeRetries: jsii.Bool(true),
		}),
		FlowUrl: connectors.FlowUrl_FromSecret(flowUrls, jsii.String("data-team")),
		Format:  connectors.BodyFormat_TEAMS_CARD(),
		Owners:  jsii.Strings("data-owners@example.com"),
		RateLimit: &connectors.RateLimit{
			Calls: jsii.Number(100),
			Per:   awscdk.Duration_Minutes(jsii.Number(5)),
		},
	})
	connector.AddSubscription(jsii.String("NoOrders"), &connectors.FlowSubscriptionOptions{
		Trigger: connectors.Trigger_RefreshOverdue(connectors.RefreshExpectation_By(
			connectors.RefreshSubject_DataSource(jsii.String("Orders")),
			&connectors.DailyExpectationOptions{
				Time:     jsii.String("07:00"),
				TimeZone: jsii.String("Europe/Berlin"),
				Days:     &[]connectors.Weekday{connectors.Weekday_MONDAY, connectors.Weekday_TUESDAY},
				Grace:    awscdk.Duration_Minutes(jsii.Number(30)),
			},
		)),
	})
	connector.AddSubscription(jsii.String("NoFullRefresh"), &connectors.FlowSubscriptionOptions{
		Trigger: connectors.Trigger_RefreshOverdue(connectors.RefreshExpectation_Every(
			connectors.RefreshSubject_FullRefresh(""),
			awscdk.Duration_Days(jsii.Number(1)),
			nil,
		)),
	})
	connector.AddSubscription(jsii.String("RevenueFell"), &connectors.FlowSubscriptionOptions{
		Trigger: connectors.Trigger_MeasureThresholdCrossed(&connectors.MeasureThresholdOptions{
			Measure:    jsii.String("Revenue yesterday"),
			Dimensions: &map[string]*string{"region": jsii.String("North")},
			Threshold:  connectors.Threshold_Below(jsii.Number(100_000), nil),
		}),
	})
	crossings := awssqs.NewQueue(stack, jsii.String("Crossings"), &awssqs.QueueProps{EnforceSSL: jsii.Bool(true)})
	connector.OnThresholdCrossed(jsii.String("Crossed"), &awsevents.OnEventOptions{
		Target: awseventstargets.NewSqsQueue(crossings, nil),
	})
	connector.AddConnectorApi(jsii.String("Api"), &connectors.ConnectorApiOptions{
		SignIn:  &[]connectors.ConnectorSignIn{connectors.ConnectorSignIn_Keys()},
		Actions: &[]connectors.ConnectorAction{connectors.ConnectorAction_READ(), connectors.ConnectorAction_REPORT_OUTCOMES()},
	})

	// A team's own stack: its subscriptions reference the connector of the other one.
	marketing := awscdk.NewStack(app, jsii.String("Marketing"), nil)
	connectors.NewFlowSubscription(marketing, jsii.String("VipOver10k"), &connectors.FlowSubscriptionProps{
		Connector: connector,
		Trigger: connectors.Trigger_SegmentThresholdCrossed(&connectors.SegmentThresholdOptions{
			Segment: jsii.String("VIP customers"),
			Threshold: connectors.Threshold_Above(jsii.Number(10_000), &connectors.ThresholdOptions{
				RecoverTo:           jsii.Number(9_000),
				FireIfAlreadyBeyond: jsii.Bool(true),
			}),
		}),
		FlowUrl:      connectors.FlowUrl_FromSecret(flowUrls, jsii.String("marketing")),
		FinishWithin: awscdk.Duration_Hours(jsii.Number(1)),
	})
	connectors.NewFlowSubscription(marketing, jsii.String("Unified"), &connectors.FlowSubscriptionProps{
		Connector: connector,
		Trigger: connectors.Trigger_UnificationRefreshCompleted(&connectors.UnificationRefreshCompletedOptions{
			Status: &[]connectors.RefreshStatus{connectors.RefreshStatus_FAILED, connectors.RefreshStatus_TIMED_OUT},
		}),
		FlowUrl: connectors.FlowUrl_FromSecret(flowUrls, jsii.String("marketing")),
	})

	// Another app refers to the connector by the name of its export.
	connector.ExportAs(jsii.String("customer-data"), &connectors.ConnectorExportOptions{Sources: jsii.Bool(true)})
	another := awscdk.NewStack(app, jsii.String("Another"), nil)
	imported := connectors.PowerAutomateConnector_FromExports(another, jsii.String("Imported"), jsii.String("customer-data"))
	connectors.NewConnectorSource(another, jsii.String("Campaigns"), &connectors.ConnectorSourceProps{
		Connector: imported,
		Source: connectors.Source_GlueJob(&connectors.GlueJobSourceOptions{
			JobName:    jsii.String("load-campaigns"),
			DataSource: jsii.String("Campaigns"),
		}),
	})
	otherUrls := awssecretsmanager.Secret_FromSecretNameV2(another, jsii.String("FlowUrls"), jsii.String("crm/flow-urls"))
	connectors.NewFlowSubscription(another, jsii.String("CampaignsRefreshed"), &connectors.FlowSubscriptionProps{
		Connector: imported,
		Trigger: connectors.Trigger_DataSourceRefreshSucceeded(&connectors.DataSourceRefreshSucceededOptions{
			DataSource: jsii.String("Campaigns"),
		}),
		FlowUrl: connectors.FlowUrl_FromSecret(otherUrls, jsii.String("campaigns")),
	})

	connectors.NewConnectorAlarms(stack, jsii.String("Alarms"), &connectors.ConnectorAlarmsProps{
		Connector: connector,
		Actions: connectors.AlarmActions_BySeverity(&connectors.AlarmActionsBySeverity{
			High: connectors.AlarmActions_Topic(connector.Notifications().Topic()),
		}),
		Overrides: &connectors.AlarmOverrides{
			OldestPending: &connectors.AlarmOverride{Threshold: jsii.Number(7200)},
			QueueAge: &connectors.AlarmGroupOverride{
				Each: &map[string]*connectors.AlarmOverride{"Stages": {Enabled: jsii.Bool(false)}},
			},
		},
	})

	awscdk.Aspects_Of(stack).Add(&rolePath{}, nil)
	app.Synth(nil)
}

// rolePath gives each role a path, which an organization's policies can require.
type rolePath struct{}

func (*rolePath) Visit(node constructs.IConstruct) {
	if role, ok := node.(awsiam.CfnRole); ok {
		role.SetPath(jsii.String("/connectors/"))
	}
}
