"""Reports to the connector how an Airflow task that refreshes a data source ended.

    from connector_callbacks import refresh_failed, refresh_succeeded, refresh_will_retry

    @task(
        on_success_callback=refresh_succeeded,
        on_failure_callback=refresh_failed,
        on_retry_callback=refresh_will_retry,
        params={"data_source": "Orders"},
    )

The worker needs boto3, the permission events:PutEvents on the bus, and the name of the bus in EVENT_BUS_NAME.
docs/events/DataSourceRefreshed.schema.json describes the fields.
"""

import json
import os


def refresh_succeeded(context):
    put(entry(context, "Successful"))


def refresh_failed(context):
    put(entry(context, "Failed"))


def refresh_will_retry(context):
    put(entry(context, "Failed", will_retry=True))


def entry(context, status, will_retry=False):
    """The PutEvents entry for the end of a task, from the context that Airflow passes to callbacks."""
    task = context["task_instance"]
    detail = {
        "dataSource": context["params"].get("data_source", task.task_id),
        "status": status,
        # The same for all attempts of a run. The connector distinguishes them by `attempt`.
        "runId": context["run_id"],
        "attempt": task.try_number,
        "willRetry": will_retry,
        "error": str(context.get("exception") or ""),
        "startedAt": instant(task.start_date),
        "endedAt": instant(task.end_date),
        "runLink": task.log_url,
    }
    return {
        "EventBusName": os.environ["EVENT_BUS_NAME"],
        "Source": "customer-insights",
        "DetailType": "DataSourceRefreshed",
        # Unknown fields are left out, because the connector rejects null.
        "Detail": json.dumps({key: value for key, value in detail.items() if value not in (None, "")}),
    }


def instant(date):
    return date.isoformat() if date else None


def put(one):
    import boto3  # Not at the top: Airflow imports a DAG's modules repeatedly.

    response = boto3.client("events").put_events(Entries=[one])
    # An entry can fail although PutEvents responds with 200.
    if response["FailedEntryCount"]:
        raise RuntimeError(f"EventBridge rejected the event: {response['Entries'][0]}")
