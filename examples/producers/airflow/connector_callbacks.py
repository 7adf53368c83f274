"""Tells the connector how an Airflow task that refreshes a data source ended.

    from connector_callbacks import refresh_failed, refresh_succeeded, refresh_will_retry

    @task(
        on_success_callback=refresh_succeeded,
        on_failure_callback=refresh_failed,
        on_retry_callback=refresh_will_retry,
        params={"data_source": "Orders"},
    )

The worker needs boto3, the permission events:PutEvents on the bus, and the bus's name in EVENT_BUS_NAME. The fields are
those of docs/events/DataSourceRefreshed.schema.json.
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
    """The PutEvents entry of a task's end, from the context that Airflow gives to callbacks."""
    task = context["task_instance"]
    detail = {
        "dataSource": context["params"].get("data_source", task.task_id),
        "status": status,
        # All attempts of a task in a run; the connector tells them apart by their number.
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
        # What is not known is left out: the connector takes no null.
        "Detail": json.dumps({key: value for key, value in detail.items() if value not in (None, "")}),
    }


def instant(date):
    return date.isoformat() if date else None


def put(one):
    import boto3  # Here, because Airflow reads a DAG's modules again and again.

    answer = boto3.client("events").put_events(Entries=[one])
    # Also where PutEvents answers 200, an entry can have failed.
    if answer["FailedEntryCount"]:
        raise RuntimeError(f"EventBridge did not take the event: {answer['Entries'][0]}")
