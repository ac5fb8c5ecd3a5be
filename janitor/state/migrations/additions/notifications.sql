-- Notifications of people: who is to hear of what, what is to be sent, whom we reminded.

-- The target is a name: where it leads, and with which secret, is said by the environment of the
-- workers and by nothing in the database. In events, * stands for any text; the campaign * for
-- all of them.
CREATE TABLE notification_subscription (
    name text PRIMARY KEY,
    events text NOT NULL CHECK (events ~ '^[a-z.*-]+$'),
    campaign text NOT NULL DEFAULT '*',
    target text NOT NULL,
    template text,
    remind_after interval NOT NULL DEFAULT interval '3 days' CHECK (remind_after > interval '0'),
    digested_on date,
    changed_at timestamptz NOT NULL DEFAULT now()
);

-- No foreign keys: what was sent stays sent when its subscription or its run goes.
CREATE TABLE notification_delivery (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    subscription text NOT NULL,
    event text NOT NULL,
    run_id text,
    codebase text,
    campaign text,
    details jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    round integer NOT NULL DEFAULT 1,
    sent_at timestamptz,
    given_up_at timestamptz,
    reason text,
    CHECK (sent_at IS NULL OR given_up_at IS NULL),
    CHECK ((given_up_at IS NULL) = (reason IS NULL))
);
CREATE INDEX notification_delivery_ended
    ON notification_delivery (coalesce(sent_at, given_up_at))
    WHERE sent_at IS NOT NULL OR given_up_at IS NOT NULL;

CREATE TABLE notification_reminder (
    subscription text REFERENCES notification_subscription (name) ON DELETE CASCADE,
    run_id text REFERENCES run (id) ON DELETE CASCADE,
    reminded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (subscription, run_id)
);
CREATE INDEX notification_reminder_run ON notification_reminder (run_id);
