-- What the audit reads. Every statement begins with `views`. A check returns a row for everything it
-- looks at: the order, and whether the claim holds; where that is NULL, it does not.

-- name: views
WITH entries AS (
    SELECT signature, landing_slot, memo, parts[1]::uuid AS order_id, parts[2]::integer AS attempt,
           input_mint, output_mint, amount_in, amount_out, error_code
      FROM chain.transactions
     CROSS JOIN regexp_match(
           memo, '^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):([0-9]{1,9})$') AS parts
), swaps AS (
    SELECT * FROM entries WHERE error_code IS NULL
), moves AS (
    SELECT order_id, status, attempt,
           lag(status) OVER history AS status_before,
           lag(attempt) OVER history AS attempt_before
      FROM order_events
    WINDOW history AS (PARTITION BY order_id ORDER BY sequence)
), last_events AS (
    SELECT DISTINCT ON (order_id) * FROM order_events ORDER BY order_id, sequence DESC
), signings AS (
    SELECT order_id, attempt, details->>'signature' AS signature,
           CASE jsonb_typeof(details->'min_amount_out')
               WHEN 'number' THEN (details->'min_amount_out')::numeric END AS min_amount_out,
           CASE jsonb_typeof(details->'max_amount_in')
               WHEN 'number' THEN (details->'max_amount_in')::numeric END AS max_amount_in,
           CASE jsonb_typeof(details->'route'->'price_impact_bps')
               WHEN 'number' THEN (details->'route'->'price_impact_bps')::numeric
           END AS price_impact_bps
      FROM order_events
     WHERE status = 'building' AND NOT details ? 'cancel_requested'
)

-- name: summary
SELECT count(*) AS looked_at,
       count(*) FILTER (WHERE holds IS NOT TRUE) AS wrong,
       coalesce(
           (array_agg(subject::text) FILTER (WHERE holds IS NOT TRUE))[1:%(subjects_max)s], '{}')
       AS subjects
  FROM checked

-- name: numbering
-- Numbers are positive and unique: when the greatest equals their count, none is missing.
SELECT order_id,
       max(event.sequence) = count(*)
       AND bool_or(event.sequence = 1 AND event.status IN ('pending', 'open'))
  FROM orders
  LEFT JOIN order_events AS event USING (order_id)
 GROUP BY order_id

-- name: current
SELECT order_id,
       (orders.sequence, orders.status, orders.attempt, orders.updated_at)
       = (last.sequence, last.status, last.attempt, last.occurred_at)
       AND (orders.status NOT IN ('building', 'submitted', 'confirmed')
            OR orders.signature = last.details->>'signature')
  FROM orders
  FULL JOIN last_events AS last USING (order_id)

-- name: moves
SELECT order_id,
       (status_before, status)
       IN (SELECT * FROM unnest(%(moves_from)s::text[], %(moves_to)s::text[]))
  FROM moves
 WHERE status_before IS NOT NULL

-- name: attempts
SELECT order_id, attempt = coalesce(attempt_before, 0) + (status = 'routing')::integer
  FROM moves

-- name: confirmed
SELECT orders.order_id,
       event.details @> jsonb_build_object(
           'signature', swap.signature, 'slot', swap.landing_slot,
           'amount_in', swap.amount_in, 'amount_out', swap.amount_out)
  FROM orders
  LEFT JOIN order_events AS event
    ON (event.order_id, event.status) = (orders.order_id, 'confirmed')
  LEFT JOIN swaps AS swap
    ON (swap.order_id, swap.attempt, swap.signature)
       = (event.order_id, event.attempt, event.details->>'signature')
 WHERE orders.status = 'confirmed'

-- name: terms
-- A swap that nobody signed has no limit: that is a finding of `signed`.
SELECT swap.order_id,
       (swap.input_mint, swap.output_mint) = (orders.input_mint, orders.output_mint)
       AND CASE WHEN orders.amount_out IS NULL
           THEN (swap.amount_in = orders.amount_in
                 OR (orders.terms->>'time_in_force' = 'IOC' AND swap.amount_in < orders.amount_in))
                AND swap.amount_out >= signing.min_amount_out
           ELSE (swap.amount_out = orders.amount_out
                 OR (orders.terms->>'time_in_force' = 'IOC' AND swap.amount_out < orders.amount_out))
                AND swap.amount_in <= signing.max_amount_in
           END
  FROM swaps AS swap
  JOIN orders USING (order_id)
  JOIN signings AS signing
    ON (signing.order_id, signing.signature) = (swap.order_id, swap.signature)

-- name: limits
-- What is bought for a part of the amount keeps the rate of the whole: no division, nothing rounded.
SELECT swap.order_id,
       CASE WHEN orders.amount_out IS NULL
       THEN swap.amount_out * orders.amount_in >= (orders.terms->>'limit')::numeric * swap.amount_in
       ELSE swap.amount_in * orders.amount_out <= (orders.terms->>'limit')::numeric * swap.amount_out
       END
  FROM swaps AS swap
  JOIN orders USING (order_id)
 WHERE orders.order_type = 'LIMIT'

-- name: watched
-- Every open order stands in the book of those that wait, and no other.
SELECT order_id, (orders.status = 'open') = (count(watches.order_id) > 0)
  FROM orders
  LEFT JOIN watches USING (order_id)
 GROUP BY order_id

-- name: slices
-- No more than the order's amount is its slices', one at most is under way, and what is told of them
-- is what they have swapped. Of one under way nothing is told yet.
SELECT parent.order_id,
       coalesce(sum(slice.amount_in), 0) <= parent.amount_in
       AND count(*) FILTER (
           WHERE slice.status IN ('pending', 'open', 'routing', 'building', 'submitted')) <= 1
       AND (parent.progress->>'spent')::numeric
           = coalesce(sum(swap.amount_in) FILTER (WHERE slice.is_told), 0)
       AND (parent.progress->>'received')::numeric
           = coalesce(sum(swap.amount_out) FILTER (WHERE slice.is_told), 0)
  FROM orders AS parent
  LEFT JOIN LATERAL (
       SELECT own.*,
              own.order_id::text
              IS DISTINCT FROM parent.progress->'working'->>'order_id' AS is_told
         FROM orders AS own
        WHERE own.parent_id = parent.order_id) AS slice ON true
  LEFT JOIN swaps AS swap ON swap.order_id = slice.order_id
 WHERE parent.order_type IN ('DCA', 'TWAP')
 GROUP BY parent.order_id, parent.amount_in, parent.progress

-- name: snipes
-- The pool that is bought from is that of the trigger; its token is the one that was waited for.
SELECT orders.order_id,
       CASE WHEN orders.attempt = 0 THEN orders.hunt->'pool' = 'null'
       ELSE (orders.hunt->'pool', orders.output_mint)
            = (started.details->'trigger'->'pool',
               coalesce(orders.terms->>'mint', orders.output_mint))
            AND NOT EXISTS (
                SELECT
                  FROM order_events AS judged
                 WHERE (judged.order_id, judged.status) = (orders.order_id, 'open')
                   AND judged.details->'verdict'->'pool' = orders.hunt->'pool'
                   AND (judged.details->'verdict'->>'is_final')::boolean)
            AND NOT EXISTS (
                SELECT
                  FROM order_events AS built
                 CROSS JOIN jsonb_array_elements(built.details->'route'->'legs') AS leg
                 WHERE (built.order_id, built.status) = (orders.order_id, 'building')
                   AND leg->'pool' <> orders.hunt->'pool')
       END
  FROM orders
  LEFT JOIN order_events AS started
    ON (started.order_id, started.status, started.attempt) = (orders.order_id, 'routing', 1)
 WHERE orders.order_type = 'SNIPER'

-- name: exits
-- An exit is of one confirmed order, which has planned it, and sells just what that received.
SELECT coalesce(child.order_id, parent.order_id),
       (child.order_id::text, child.owner_id, child.input_mint, child.output_mint, child.amount_in)
       = (event.details->>'exit_order_id', parent.owner_id, parent.output_mint, parent.input_mint,
          swap.amount_out)
       AND child.amount_out IS NULL
       AND child.terms->>'paid' = swap.amount_in::text
       AND child.terms->'plan' = parent.terms->'exit'
       AND (child.terms->>'sell_at')::timestamptz - event.occurred_at
           IS NOT DISTINCT FROM
           interval '1 second' * (parent.terms->'exit'->'hold_seconds_max')::integer
       AND child.created_at = event.occurred_at
       AND child.armed_slot >= swap.landing_slot
  FROM (SELECT * FROM orders WHERE status = 'confirmed' AND terms ? 'exit') AS parent
  FULL JOIN (SELECT * FROM orders WHERE order_type = 'EXIT') AS child
         ON child.parent_id = parent.order_id
  LEFT JOIN order_events AS event
    ON (event.order_id, event.status) = (parent.order_id, 'confirmed')
  LEFT JOIN swaps AS swap ON swap.order_id = parent.order_id

-- name: impact
SELECT order_id, signing.price_impact_bps <= orders.max_price_impact_bps
  FROM signings AS signing
  JOIN orders USING (order_id)

-- name: unconfirmed
-- Whatever the landing slot: a swap in the ledger lands.
SELECT order_id,
       swap.signature IS NULL
       OR (orders.status IN ('building', 'submitted') AND swap.signature = orders.signature)
  FROM orders
  LEFT JOIN swaps AS swap USING (order_id)
 WHERE orders.status <> 'confirmed'

-- name: once
SELECT order_id, count(*) = 1
  FROM swaps
 WHERE order_id IS NOT NULL
 GROUP BY order_id

-- name: memos
SELECT coalesce(entry.order_id::text, entry.memo), orders.order_id IS NOT NULL
  FROM entries AS entry
  LEFT JOIN orders USING (order_id)

-- name: signed
SELECT entry.order_id,
       EXISTS (SELECT
                 FROM signings AS signing
                WHERE (signing.order_id, signing.attempt, signing.signature)
                      = (entry.order_id, entry.attempt, entry.signature))
  FROM entries AS entry
  JOIN orders USING (order_id)

-- name: accepted
SELECT accepted.order_id, orders.order_id IS NOT NULL
  FROM unnest(%(accepted)s::uuid[]) AS accepted (order_id)
  LEFT JOIN orders USING (order_id)

-- name: final
SELECT order_id, status IN ('confirmed', 'failed', 'cancelled', 'expired', 'completed')
  FROM orders

-- name: triggers
-- What was seen when an order that had waited began to trade; limits are held to their fills.
SELECT orders.order_id AS subject, orders.*, event.details->'trigger' AS trigger
  FROM order_events AS event
  JOIN orders USING (order_id)
  JOIN order_events AS before
    ON (before.order_id, before.sequence, before.status)
       = (event.order_id, event.sequence - 1, 'open')
 WHERE event.status = 'routing'
   AND event.details->'trigger'->>'kind' IS DISTINCT FROM 'limit'
 ORDER BY md5(orders.order_id::text)
 LIMIT %(triggers_max)s::bigint

-- name: swaps
-- Ordered by a hash, a sample stays the same; without a limit it is all of them.
SELECT coalesce(sample.order_id::text, memo) AS subject, landed.*
  FROM (SELECT order_id, signature FROM swaps ORDER BY md5(signature) LIMIT %(swaps_max)s::bigint) AS sample
  JOIN chain.transactions AS landed USING (signature)

-- name: totals
SELECT count(*) AS orders,
       count(*) FILTER (WHERE status NOT IN ('confirmed', 'failed', 'cancelled', 'expired', 'completed')) AS unfinished,
       count(*) FILTER (
           WHERE status IN ('building', 'submitted')
             AND signature IN (SELECT signature FROM swaps)) AS in_flight
  FROM orders
