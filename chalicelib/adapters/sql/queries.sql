-- Every statement of the order store. A query begins with its name; parameters are psycopg's.

-- name: add_order
-- The order, its first event, its key and its place in the owner's window in one statement: all or
-- nothing. Repeating it changes nothing. With a new order come back some that newer ones have
-- overtaken: their messages were lost. Each is left alone until it has stood still twice as long.
WITH crowd AS (
    -- Owners may have so many orders waiting; only one that would wait is counted against it.
    SELECT FROM orders
     WHERE owner_id = %(owner_id)s AND status = 'open' AND %(waiting_max)s::integer IS NOT NULL
    OFFSET %(waiting_max)s::integer - 1
), halted AS MATERIALIZED (
    SELECT FROM halts
), claimed AS (
    INSERT INTO idempotency_keys (owner_id, key, fingerprint, order_id, created_at)
    SELECT %(owner_id)s, %(key)s, %(fingerprint)s, %(order_id)s, %(created_at)s
     WHERE %(key)s::text IS NOT NULL
       AND NOT EXISTS (SELECT FROM crowd)
       AND NOT EXISTS (SELECT FROM halted)
    ON CONFLICT (owner_id, key) DO NOTHING
    RETURNING order_id
), accepted AS (
    INSERT INTO orders (
        order_id, owner_id, parent_id, order_type, input_mint, input_symbol, input_decimals,
        output_mint, output_symbol, output_decimals, amount_in, amount_out, slippage_bps,
        max_price_impact_bps, terms, expires_at, armed_slot, progress, hunt, status, sequence,
        attempt, due_at, created_at, updated_at)
    SELECT
        order_id, owner_id, parent_id, order_type, input_mint, input_symbol, input_decimals,
        output_mint, output_symbol, output_decimals, amount_in, amount_out, slippage_bps,
        max_price_impact_bps, terms, expires_at, armed_slot, progress, hunt, status, sequence,
        attempt, due_at, created_at, updated_at
      FROM jsonb_populate_record(NULL::orders, %(order)s)
     WHERE CASE WHEN %(key)s::text IS NULL
                THEN NOT EXISTS (SELECT FROM crowd) AND NOT EXISTS (SELECT FROM halted)
                ELSE EXISTS (SELECT FROM claimed) END
    ON CONFLICT (order_id) DO NOTHING
    RETURNING order_id, sequence, status, attempt, created_at
), counted AS (
    INSERT INTO order_rates AS rate (owner_id, window_start, used, most)
    SELECT %(owner_id)s, %(window_start)s, 1, %(orders_max)s
      FROM accepted
     WHERE %(orders_max)s::integer IS NOT NULL
    ON CONFLICT (owner_id) DO UPDATE
       SET used = CASE WHEN rate.window_start = excluded.window_start THEN rate.used ELSE 0 END + 1,
           window_start = excluded.window_start,
           most = excluded.most
    RETURNING used
), recorded AS (
    INSERT INTO order_events (order_id, sequence, status, attempt, occurred_at, details)
    SELECT order_id, sequence, status, attempt, created_at, %(details)s FROM accepted
), watched AS (
    INSERT INTO watches (order_id, leg, kind, input_mint, output_mint, side, key, key_first,
                         trailing_bps, mark, armed_slot, expires_at, recheck_at, fires_at)
    SELECT order_id, leg, kind, input_mint, output_mint, side, key, key_first,
           trailing_bps, mark, armed_slot, expires_at, recheck_at, fires_at
      FROM jsonb_populate_recordset(NULL::watches, %(watches)s)
      JOIN accepted USING (order_id)
), begun AS (
    -- How far the workers have come: the newest of the orders whose first attempt began last.
    SELECT max(orders.created_at) AS through
      FROM (SELECT order_id
              FROM order_events
             WHERE sequence = 2 AND status = 'routing'
             ORDER BY occurred_at DESC
             LIMIT %(begun_max)s) AS last_begun
      JOIN orders USING (order_id)
), overtaken AS (
    SELECT order_id
      FROM orders
     WHERE EXISTS (SELECT FROM accepted)
       AND status IN ('pending', 'routing', 'building', 'submitted')
       AND coalesce(sweep_at, due_at) < (SELECT through FROM begun) - %(pending_margin)s::interval
       AND (sequence = 1 OR coalesce(sweep_at, due_at)
                            < (SELECT through FROM begun) - %(midway_margin)s::interval)
     ORDER BY coalesce(sweep_at, due_at)
     LIMIT %(overtaken_max)s
       FOR UPDATE SKIP LOCKED
), brought_back AS (
    UPDATE orders
       SET sweep_at = %(created_at)s
                      + greatest(%(created_at)s - due_at - %(pending_margin)s::interval, '0')
      FROM overtaken
     WHERE orders.order_id = overtaken.order_id
    RETURNING orders.order_id
)
SELECT EXISTS (SELECT FROM accepted) AS is_new,
       EXISTS (SELECT FROM crowd) AS is_crowded,
       EXISTS (SELECT FROM halted) AS is_halted,
       (SELECT used FROM counted) AS used,
       ARRAY(SELECT order_id FROM brought_back) AS overtaken;

-- name: order_of_key
SELECT idempotency_keys.fingerprint, orders.*
  FROM idempotency_keys
  JOIN orders USING (order_id)
 WHERE idempotency_keys.owner_id = %(owner_id)s AND key = %(key)s;

-- name: prune_keys
-- Those of orders that are not final stay: a repeated request must find its order.
WITH oldest AS (
    SELECT owner_id, key
      FROM idempotency_keys
     WHERE created_at < %(before)s
       AND NOT EXISTS (
           SELECT
             FROM orders
            WHERE orders.order_id = idempotency_keys.order_id
              AND status NOT IN ('confirmed', 'failed', 'cancelled', 'expired', 'completed'))
     ORDER BY created_at
     LIMIT %(limit)s
)
DELETE FROM idempotency_keys
 USING oldest
 WHERE idempotency_keys.owner_id = oldest.owner_id AND idempotency_keys.key = oldest.key
RETURNING 1;

-- name: load_orders
-- Orders by id, each with its events after the sequence that was already announced.
SELECT orders.*, unannounced.events
  FROM unnest(%(order_ids)s::uuid[], %(announced)s::integer[])
       AS wanted (order_id, announced_through)
  JOIN orders USING (order_id)
 CROSS JOIN LATERAL (
       SELECT coalesce(jsonb_agg(to_jsonb(event) ORDER BY event.sequence), '[]') AS events
         FROM order_events AS event
        WHERE event.order_id = orders.order_id
          AND event.sequence > wanted.announced_through) AS unannounced;

-- name: save_transitions
-- Every transition of a tick in one statement. One writer wins: an order moves only when its
-- sequence is still the one before its first transition, and only then are its events written. Rows
-- are locked in one order by every writer, so that two never wait for each other; and where an order
-- was open, after the cursor, as by the watcher.
WITH quiet AS MATERIALIZED (
    SELECT FROM watch_cursor WHERE %(touches_open)s FOR SHARE
), locked AS (
    SELECT order_id, status = 'open' AS was_open
      FROM orders
     WHERE order_id = ANY(%(order_ids)s::uuid[])
       AND (SELECT count(*) FROM quiet) >= 0
     ORDER BY order_id
       FOR UPDATE
), moved AS (
    UPDATE orders
       SET status = next.status,
           sequence = next.sequence,
           attempt = next.attempt,
           signature = next.signature,
           transaction = decode(next.transaction_hex, 'hex'),
           last_valid_block_height = next.last_valid_block_height,
           refused_by = next.refused_by,
           terms = coalesce(next.terms, orders.terms),
           slippage_bps = coalesce(next.slippage_bps, orders.slippage_bps),
           expires_at = coalesce(next.expires_at, orders.expires_at),
           armed_slot = coalesce(next.armed_slot, orders.armed_slot),
           progress = coalesce(next.progress, orders.progress),
           output_mint = coalesce(next.output_mint, orders.output_mint),
           output_symbol = coalesce(next.output_symbol, orders.output_symbol),
           output_decimals = coalesce(next.output_decimals, orders.output_decimals),
           hunt = coalesce(next.hunt, orders.hunt),
           cancel_requested = next.cancel_requested,
           triggered_at = next.triggered_at,
           due_at = next.due_at,
           sweep_at = %(sweep_at)s,
           -- Whoever has the order's message announces; who asks for a sweep has none yet.
           unannounced_from = CASE WHEN %(sweep_at)s::timestamptz IS NOT NULL
                                   THEN coalesce(orders.unannounced_from, next.sequence_before + 1)
                                   END,
           updated_at = next.updated_at
      FROM jsonb_to_recordset(%(moves)s::jsonb)
           AS next (order_id uuid, sequence_before integer, status text, sequence integer,
                    attempt integer, signature text, transaction_hex text,
                    last_valid_block_height bigint, refused_by jsonb, terms jsonb,
                    slippage_bps integer, expires_at timestamptz, armed_slot bigint,
                    progress jsonb, output_mint text, output_symbol text,
                    output_decimals smallint, hunt jsonb, cancel_requested boolean,
                    triggered_at timestamptz, due_at timestamptz, updated_at timestamptz)
      JOIN locked USING (order_id)
     WHERE orders.order_id = next.order_id
       AND orders.sequence = next.sequence_before
       -- Nothing is newly signed while the stage is halted, nor for a parent that is cancelled.
       AND (next.signature IS NULL
            OR next.signature = orders.signature
            OR NOT EXISTS (SELECT FROM halts)
               -- Asked so, it is one look at an index. EXISTS would read every order.
               AND (SELECT parent.status
                      FROM orders AS parent
                     WHERE parent.order_id = orders.parent_id) IS DISTINCT FROM 'cancelled')
    RETURNING orders.order_id, next.sequence_before + 1 AS pack,
              coalesce(orders.unannounced_from - 1, next.sequence_before) AS announced_through,
              locked.was_open AND orders.status <> 'open' AS is_closed,
              orders.parent_id, orders.status, orders.updated_at
), closed AS (
    DELETE FROM watches USING moved
     WHERE moved.is_closed AND watches.order_id = moved.order_id
), born AS (
    -- The orders that come from those that moved.
    INSERT INTO orders (
        order_id, owner_id, parent_id, order_type, input_mint, input_symbol, input_decimals,
        output_mint, output_symbol, output_decimals, amount_in, amount_out, slippage_bps,
        max_price_impact_bps, terms, expires_at, armed_slot, progress, status, sequence, attempt,
        due_at, sweep_at, created_at, updated_at)
    SELECT
        child.order_id, owner_id, child.parent_id, order_type, input_mint, input_symbol,
        input_decimals, output_mint, output_symbol, output_decimals, amount_in, amount_out,
        slippage_bps, max_price_impact_bps, terms, expires_at, armed_slot, progress, child.status,
        sequence, attempt, due_at,
        CASE WHEN child.status = 'pending' THEN created_at + %(child_margin)s::interval END,
        created_at, child.updated_at
      FROM jsonb_populate_recordset(NULL::orders, %(children)s) AS child
      JOIN moved ON moved.order_id = child.parent_id
    RETURNING order_id
), woken AS (
    -- Whose slice has ended is looked at.
    UPDATE watches
       SET recheck_at = moved.updated_at
      FROM moved
     WHERE watches.order_id = moved.parent_id
       AND moved.status IN ('confirmed', 'failed', 'cancelled', 'expired')
), written AS (
    SELECT order_id, pack FROM moved UNION ALL SELECT order_id, NULL FROM born
), opened AS (
    INSERT INTO watches (order_id, leg, kind, input_mint, output_mint, side, key, key_first,
                         trailing_bps, mark, armed_slot, expires_at, recheck_at, fires_at)
    SELECT order_id, leg, kind, input_mint, output_mint, side, key, key_first,
           trailing_bps, mark, armed_slot, expires_at, recheck_at, fires_at
      FROM jsonb_populate_recordset(NULL::watches, %(watches)s)
      JOIN written USING (order_id)
    -- An edited order. The best price that was seen stays what it was.
    ON CONFLICT (order_id, leg) DO UPDATE
       SET kind = CASE WHEN watches.mark > 0 THEN watches.kind ELSE excluded.kind END,
           side = CASE WHEN watches.mark > 0 THEN watches.side ELSE excluded.side END,
           mark = CASE WHEN watches.mark > 0 THEN watches.mark ELSE excluded.mark END,
           key = CASE WHEN watches.mark > 0
                      THEN div(watches.mark * (10000 - excluded.trailing_bps), 10000)
                      ELSE excluded.key END,
           key_first = excluded.key_first,
           trailing_bps = excluded.trailing_bps,
           armed_slot = excluded.armed_slot,
           expires_at = excluded.expires_at,
           asked_at_rate = NULL,
           recheck_at = excluded.recheck_at,
           fires_at = excluded.fires_at
), recorded AS (
    INSERT INTO order_events (order_id, sequence, status, attempt, occurred_at, details, pack)
    SELECT event.order_id, event.sequence, event.status, event.attempt, event.occurred_at,
           event.details, written.pack
      FROM jsonb_to_recordset(%(events)s::jsonb)
           AS event (order_id uuid, sequence integer, status text, attempt integer,
                     occurred_at timestamptz, details jsonb)
      JOIN written USING (order_id)
)
SELECT order_id, announced_through FROM moved;

-- name: events_of_orders
SELECT event.*, orders.input_mint, orders.input_symbol, orders.input_decimals,
       orders.output_mint, orders.output_symbol, orders.output_decimals
  FROM unnest(%(order_ids)s::uuid[]) AS wanted (order_id)
  JOIN orders USING (order_id)
  JOIN order_events AS event USING (order_id)
 ORDER BY event.order_id, event.sequence;

-- name: order_exists
SELECT 1 AS found FROM orders WHERE order_id = %(order_id)s AND owner_id = %(owner_id)s;

-- name: page_of_orders
-- Newest first, each with its last event; the key is the last order of the page before.
SELECT orders.*, jsonb_build_array(to_jsonb(event)) AS events
  FROM orders
  JOIN order_events AS event USING (order_id, sequence)
 WHERE orders.owner_id = %(owner_id)s
   AND (%(statuses)s::text[] IS NULL OR orders.status = ANY(%(statuses)s::text[]))
   AND (%(cancel_requested)s::boolean IS NULL
        OR orders.cancel_requested = %(cancel_requested)s)
   AND (%(order_types)s::text[] IS NULL OR orders.order_type = ANY(%(order_types)s::text[]))
   AND (%(input_mint)s::text IS NULL OR orders.input_mint = %(input_mint)s)
   AND (%(output_mint)s::text IS NULL OR orders.output_mint = %(output_mint)s)
   AND (%(parent_id)s::uuid IS NULL OR orders.parent_id = %(parent_id)s::uuid)
   AND (%(first_id)s::uuid IS NULL
        OR orders.order_id BETWEEN %(first_id)s::uuid AND %(last_id)s::uuid)
   AND (%(after_created_at)s::timestamptz IS NULL
        OR (orders.created_at, orders.order_id) < (%(after_created_at)s, %(after_order_id)s::uuid))
 ORDER BY orders.created_at DESC, orders.order_id DESC
 LIMIT %(limit)s;

-- name: statistics_of_orders
-- An order counts as accepted in the minute of its acceptance, and as confirmed or failed in that of
-- its end.
WITH recent AS MATERIALIZED (
    SELECT orders.status, orders.created_at, orders.updated_at, orders.triggered_at,
           event.details ->> 'code' AS code
      FROM orders
      JOIN order_events AS event USING (order_id, sequence)
     WHERE orders.owner_id = %(owner_id)s AND orders.created_at >= %(since)s
), failures AS (
    SELECT code, count(*) AS times FROM recent WHERE status = 'failed' GROUP BY code
), happened AS (
    SELECT created_at AS at, 'accepted' AS what FROM recent
     UNION ALL
    SELECT updated_at, status FROM recent WHERE status IN ('confirmed', 'failed')
), minutes AS (
    SELECT date_trunc('minute', at, 'UTC') AS starts_at,
           count(*) FILTER (WHERE what = 'accepted') AS accepted,
           count(*) FILTER (WHERE what = 'confirmed') AS confirmed,
           count(*) FILTER (WHERE what = 'failed') AS failed
      FROM happened
     GROUP BY 1
)
SELECT count(*) AS accepted,
       count(*) FILTER (WHERE status = 'confirmed') AS confirmed,
       count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
       count(*) FILTER (WHERE status = 'expired') AS expired,
       count(*) FILTER (WHERE status = 'completed') AS completed,
       count(*) FILTER (WHERE status = 'open') AS waiting,
       (SELECT coalesce(jsonb_object_agg(code, times), '{}') FROM failures) AS failed,
       percentile_disc(ARRAY[0.5, 0.99])
           WITHIN GROUP (ORDER BY updated_at - coalesce(triggered_at, created_at))
           FILTER (WHERE status = 'confirmed') AS to_confirmed,
       (SELECT coalesce(jsonb_agg(to_jsonb(minutes) ORDER BY starts_at), '[]') FROM minutes)
           AS minutes
  FROM recent;

-- name: stale_orders
-- Orders in hand that nobody has moved for long, or whose sweep was scheduled; and those at rest whose
-- sweep was.
SELECT order_id, coalesce(unannounced_from - 1, 1) AS announced_through
  FROM (SELECT order_id, due_at, unannounced_from
          FROM orders
         WHERE status IN ('pending', 'routing', 'building', 'submitted')
           AND CASE WHEN sweep_at IS NULL THEN due_at < %(due_before)s ELSE sweep_at <= %(now)s END
         UNION ALL
        SELECT order_id, due_at, unannounced_from
          FROM orders
         WHERE status IN ('open', 'cancelled', 'expired') AND sweep_at <= %(now)s) AS stale
 ORDER BY due_at
 LIMIT %(limit)s;

-- name: schedule_sweep
UPDATE orders
   SET sweep_at = CASE WHEN status NOT IN ('open', 'cancelled', 'expired')
                       THEN %(at)s::timestamptz END,
       unannounced_from = CASE WHEN status NOT IN ('open', 'cancelled', 'expired')
                               THEN unannounced_from END
 WHERE order_id = ANY(%(order_ids)s::uuid[])
   AND status NOT IN ('confirmed', 'failed');

-- name: watch_cursor
SELECT slot,
       leased_until > clock_timestamp() AS is_watched,
       EXISTS (SELECT FROM watches) AS is_needed,
       CASE WHEN isfinite(ticked_at) THEN clock_timestamp() - ticked_at END AS behind,
       EXISTS (SELECT FROM watches WHERE kind = 'pool') AS is_hunted,
       pool_slot,
       pool_address
  FROM watch_cursor;

-- name: tick
-- A slot: every waiting order that its rates meet or whose time is up, in one statement with the
-- cursor. So each trigger fires once, and not at all for whoever comes with a slot that has been, or
-- while another watcher holds the lease. Each range gives at most %(range_max)s rows; a slot of which
-- there may be more stays the cursor's next one.
WITH turn AS MATERIALIZED (
    SELECT (pool_slot, pool_address) < (%(pool_slot)s::bigint, %(pool_address)s::text) AS has_pools
      FROM watch_cursor
     WHERE slot < %(slot)s
       AND (holder = %(holder)s OR leased_until <= clock_timestamp())
       FOR UPDATE
), rates AS MATERIALIZED (
    SELECT input_mint, output_mint, rate
      FROM jsonb_to_recordset(%(rates)s) AS rate (input_mint text, output_mint text, rate numeric)
     WHERE (SELECT count(*) FROM turn) > 0
), met AS MATERIALIZED (
    SELECT rates.rate, watch.*
      FROM rates
     CROSS JOIN LATERAL (
           (SELECT order_id, leg, kind, side, trailing_bps, armed_slot, input_mint, output_mint
              FROM watches
             WHERE side = 'above'
               AND (input_mint, output_mint) = (rates.input_mint, rates.output_mint)
               AND key <= rates.rate
               AND armed_slot < %(slot)s
               AND expires_at > %(observed_at)s
             ORDER BY key
             LIMIT %(range_max)s)
            UNION ALL
           -- What this slot raises it cannot fire.
           (SELECT order_id, leg, kind, side, trailing_bps, armed_slot, input_mint, output_mint
              FROM watches
             WHERE side = 'below'
               AND (input_mint, output_mint) = (rates.input_mint, rates.output_mint)
               AND key >= rates.rate
               AND armed_slot < %(slot)s
               AND expires_at > %(observed_at)s
             ORDER BY key DESC
             LIMIT %(range_max)s)) AS watch
), higher AS MATERIALIZED (
    SELECT rates.rate, watch.*
      FROM rates
     CROSS JOIN LATERAL (
           SELECT order_id, leg, trailing_bps
             FROM watches
            WHERE mark < rates.rate
              AND (input_mint, output_mint) = (rates.input_mint, rates.output_mint)
              AND armed_slot < %(slot)s
              AND expires_at > %(observed_at)s
            ORDER BY mark
            LIMIT %(range_max)s) AS watch
), due AS MATERIALIZED (
    -- Limits to ask a worker about again, or to wait for as at first; orders over time; and those
    -- that a pool may suit by now.
    SELECT order_id, leg, rate,
           coalesce(rate >= key_first, kind IN ('schedule', 'pool')) AS is_near
      FROM (SELECT order_id, leg, kind, input_mint, output_mint, key_first, expires_at
              FROM watches
             WHERE (SELECT count(*) FROM turn) > 0 AND recheck_at <= %(now)s
             ORDER BY recheck_at
             LIMIT %(range_max)s) AS first_due
      LEFT JOIN rates USING (input_mint, output_mint)
     WHERE expires_at > %(observed_at)s
       AND (order_id, leg) NOT IN (SELECT order_id, leg FROM met)
), hunted AS MATERIALIZED (
    -- Whom new pools concern: who waits for any, and who waits for the token of one of them.
    SELECT order_id, leg, row_number() OVER () AS number
      FROM watches
     WHERE kind = 'pool'
       AND (SELECT has_pools FROM turn)
       AND (%(pool_mints)s::text[] IS NULL
            OR output_mint = ''
            OR output_mint = ANY (%(pool_mints)s::text[]))
       AND expires_at > %(observed_at)s
       AND (order_id, leg) NOT IN (SELECT order_id, leg FROM due)
), timed AS MATERIALIZED (
    -- What the time of the slot meets; whether its rates are known or not.
    SELECT order_id, leg, kind, armed_slot, rate
      FROM (SELECT order_id, leg, kind, armed_slot, input_mint, output_mint
              FROM watches
             WHERE (SELECT count(*) FROM turn) > 0
               AND fires_at <= %(observed_at)s
               AND armed_slot < %(slot)s
               AND expires_at > %(observed_at)s
             ORDER BY fires_at
             LIMIT %(range_max)s) AS first_timed
      LEFT JOIN rates USING (input_mint, output_mint)
), over AS MATERIALIZED (
    SELECT DISTINCT order_id
      FROM (SELECT order_id
              FROM watches
             WHERE (SELECT count(*) FROM turn) > 0 AND expires_at <= %(observed_at)s
             ORDER BY expires_at
             LIMIT %(range_max)s) AS first_over
), latched AS MATERIALIZED (
    -- Of an order's legs the last one counts: of a limit to take a profit and a stop, the stop.
    SELECT DISTINCT ON (order_id) order_id, kind, rate, armed_slot
      FROM (SELECT order_id, leg, kind, rate, armed_slot FROM met
             UNION ALL
            SELECT order_id, leg, kind, rate, armed_slot FROM timed) AS any_met
     WHERE kind NOT IN ('limit', 'activation')
     ORDER BY order_id, leg DESC
), locked AS MATERIALIZED (
    -- By arrays here and below: a join with what is found empty may still read orders.
    SELECT order_id
      FROM orders
     WHERE order_id = ANY (ARRAY(SELECT order_id FROM latched UNION ALL SELECT order_id FROM over))
       AND status = 'open'
       -- What was edited while this waited for its turn is armed anew.
       AND armed_slot < %(slot)s
     ORDER BY order_id
       FOR UPDATE
), fired AS (
    UPDATE orders
       SET status = 'routing',
           sequence = sequence + 1,
           attempt = attempt + 1,
           triggered_at = %(observed_at)s,
           due_at = %(due_at)s,
           sweep_at = %(sweep_at)s,
           unannounced_from = coalesce(unannounced_from, sequence + 1),
           updated_at = %(now)s
      FROM latched
     WHERE orders.order_id = latched.order_id
       AND orders.order_id = ANY (ARRAY(SELECT order_id FROM locked))
    RETURNING orders.order_id, orders.sequence, orders.attempt, orders.status,
              orders.unannounced_from - 1 AS announced_through,
              jsonb_build_object('trigger', jsonb_build_object(
                  'kind', latched.kind,
                  'rate', latched.rate::text,
                  'slot', %(slot)s::bigint,
                  'observed_at', %(observed_at_text)s::text,
                  'gap_slots', greatest(0, %(gap_through)s::bigint
                                           - greatest(latched.armed_slot, %(gap_from)s::bigint))
              )) AS details
), expired AS (
    UPDATE orders
       SET status = 'expired',
           sequence = sequence + 1,
           sweep_at = %(sweep_at)s,
           unannounced_from = coalesce(unannounced_from, sequence + 1),
           updated_at = %(now)s
     WHERE order_id = ANY (ARRAY(SELECT order_id FROM over
                                  INTERSECT
                                 SELECT order_id FROM locked))
       AND expires_at <= %(observed_at)s
    RETURNING order_id, sequence, attempt, status, unannounced_from - 1 AS announced_through,
              '{}'::jsonb AS details
), ended AS (
    SELECT * FROM fired UNION ALL SELECT * FROM expired
), recorded AS (
    INSERT INTO order_events (order_id, sequence, status, attempt, occurred_at, details, pack)
    SELECT order_id, sequence, status, attempt, %(now)s, details, sequence FROM ended
), closed AS (
    DELETE FROM watches WHERE order_id = ANY (ARRAY(SELECT order_id FROM ended))
), asked AS (
    SELECT order_id, leg, rate FROM met WHERE kind = 'limit'
     UNION ALL
    SELECT order_id, leg, rate FROM due WHERE is_near
     UNION ALL
    SELECT order_id, leg, NULL FROM hunted WHERE number <= %(range_max)s
), changed AS (
    UPDATE watches
       SET kind = CASE WHEN watches.kind = 'activation' THEN 'trailing_stop' ELSE watches.kind END,
           side = CASE WHEN watches.kind = 'activation' THEN 'below' ELSE watches.side END,
           key = change.key,
           mark = change.mark,
           asked_at_rate = change.asked_at_rate,
           recheck_at = change.recheck_at
      FROM (SELECT order_id, leg, rate AS mark, div(rate * (10000 - trailing_bps), 10000) AS key,
                   NULL::numeric AS asked_at_rate, NULL::timestamptz AS recheck_at
              FROM met
             WHERE kind = 'activation'
             UNION ALL
            SELECT order_id, leg, rate, div(rate * (10000 - trailing_bps), 10000), NULL, NULL
              FROM higher
             UNION ALL
            SELECT order_id, leg, NULL, NULL, rate, %(ask_again_at)s FROM asked
             UNION ALL
            SELECT order_id, leg, NULL, (SELECT key_first FROM watches AS own
                                          WHERE own.order_id = due.order_id AND own.leg = due.leg),
                   NULL, NULL
              FROM due
             WHERE NOT is_near
             UNION ALL
            SELECT order_id, leg, NULL, NULL, NULL, %(now)s FROM hunted WHERE number > %(range_max)s
           ) AS change
     WHERE (watches.order_id, watches.leg) = (change.order_id, change.leg)
       -- Another leg may have ended the order: its rows are deleted here, and once is enough.
       AND NOT watches.order_id = ANY (ARRAY(SELECT order_id FROM ended))
), whole AS (
    SELECT NOT EXISTS (SELECT FROM met GROUP BY input_mint, output_mint, side
                       HAVING count(*) >= %(range_max)s)
           AND (SELECT count(*) FROM higher) < %(range_max)s
           AND (SELECT count(*) FROM due) < %(range_max)s
           AND (SELECT count(*) FROM timed) < %(range_max)s
           AND (SELECT count(*) FROM hunted) <= %(range_max)s
           AND (SELECT count(*) FROM over) < %(range_max)s AS is_whole
), moved AS (
    UPDATE watch_cursor
       SET slot = CASE WHEN is_whole THEN %(slot)s ELSE slot END,
           ticked_at = clock_timestamp(),
           holder = %(holder)s,
           leased_until = clock_timestamp() + %(lease)s,
           pool_slot = CASE WHEN has_pools THEN %(pool_slot)s ELSE pool_slot END,
           pool_address = CASE WHEN has_pools THEN %(pool_address)s ELSE pool_address END
      FROM whole, turn
    RETURNING is_whole
)
SELECT is_whole,
       EXISTS (SELECT FROM watches) AS is_needed,
       ARRAY(SELECT jsonb_build_array(order_id, sequence, details #>> '{trigger,kind}') FROM fired)
           AS fired,
       ARRAY(SELECT jsonb_build_array(order_id, sequence) FROM expired) AS expired,
       ARRAY(SELECT DISTINCT order_id FROM asked) AS asked,
       ARRAY(SELECT jsonb_build_array(order_id, announced_through) FROM ended
              UNION ALL
             SELECT jsonb_build_array(order_id, coalesce(unannounced_from - 1, sequence))
               FROM orders
              WHERE order_id = ANY (ARRAY(SELECT order_id FROM asked))) AS announced_through
  FROM moved;

-- name: watched_pairs
-- Every pair that orders wait for: from each to the next by the index, however many wait for it.
WITH RECURSIVE above AS (
    (SELECT input_mint, output_mint
       FROM watches
      WHERE side = 'above'
      ORDER BY input_mint, output_mint
      LIMIT 1)
     UNION ALL
    SELECT following.*
      FROM above
     CROSS JOIN LATERAL (
           SELECT input_mint, output_mint
             FROM watches
            WHERE side = 'above'
              AND (input_mint, output_mint) > (above.input_mint, above.output_mint)
            ORDER BY input_mint, output_mint
            LIMIT 1) AS following
), below AS (
    (SELECT input_mint, output_mint
       FROM watches
      WHERE side = 'below'
      ORDER BY input_mint, output_mint
      LIMIT 1)
     UNION ALL
    SELECT following.*
      FROM below
     CROSS JOIN LATERAL (
           SELECT input_mint, output_mint
             FROM watches
            WHERE side = 'below'
              AND (input_mint, output_mint) > (below.input_mint, below.output_mint)
            ORDER BY input_mint, output_mint
            LIMIT 1) AS following
)
SELECT input_mint, output_mint FROM above
 UNION
SELECT input_mint, output_mint FROM below;

-- name: waiting_to_trade
SELECT orders.order_id, coalesce(unannounced_from - 1, sequence) AS announced_through
  FROM orders
 WHERE order_id = ANY (ARRAY(
       SELECT DISTINCT watches.order_id
         FROM jsonb_to_recordset(%(pairs)s) AS pair (input_mint text, output_mint text)
        CROSS JOIN LATERAL (
              (SELECT order_id
                 FROM watches
                WHERE (input_mint, output_mint) = (pair.input_mint, pair.output_mint)
                  AND side = 'above'
                  AND kind NOT IN ('schedule', 'pool')
                LIMIT %(range_max)s)
               UNION ALL
              (SELECT order_id
                 FROM watches
                WHERE (input_mint, output_mint) = (pair.input_mint, pair.output_mint)
                  AND side = 'below'
                  AND kind NOT IN ('schedule', 'pool')
                LIMIT %(range_max)s)) AS watches
        LIMIT %(range_max)s));

-- name: watches_of_order
SELECT leg, kind, side, trailing_bps, mark, fires_at,
       CASE WHEN kind = 'limit' THEN key_first ELSE key END AS key
  FROM watches
 WHERE order_id = %(order_id)s
 ORDER BY leg;

-- name: release_watch
UPDATE watch_cursor SET leased_until = clock_timestamp() WHERE holder = %(holder)s;

-- name: postpone_limits
-- Limits that could not be filled at their size: the rate that will do is as much above the one that
-- was seen as what was quoted falls short. Where nothing was quoted, only time can tell.
WITH quiet AS MATERIALIZED (
    SELECT FROM watch_cursor FOR SHARE
)
UPDATE watches
   SET key = CASE WHEN short.quoted = 0 THEN NULL
                  WHEN asked_at_rate IS NULL THEN key_first
                  ELSE greatest(asked_at_rate + 1,
                                div(asked_at_rate * short.needed * 9999, short.quoted * 10000)) END,
       recheck_at = %(recheck_at)s
  FROM jsonb_to_recordset(%(short)s) AS short (order_id uuid, needed numeric, quoted numeric)
 WHERE watches.order_id = short.order_id
   AND watches.kind = 'limit'
   AND (SELECT count(*) FROM quiet) > 0;

-- name: hunt_on
-- Orders that wait for the next new pool; whoever did not see the last that ticks have told of looks
-- again.
WITH quiet AS MATERIALIZED (
    SELECT pool_slot > %(seen_slot)s AS is_behind FROM watch_cursor FOR SHARE
)
UPDATE watches
   SET recheck_at = CASE WHEN is_behind THEN %(now)s ELSE next.look_at END
  FROM jsonb_to_recordset(%(looks)s) AS next (order_id uuid, look_at timestamptz), quiet
 WHERE watches.order_id = next.order_id AND watches.kind = 'pool';

-- name: halted_since
SELECT since FROM halts;

-- name: halt
WITH halted AS (
    INSERT INTO halts (is_only, since) VALUES (true, %(at)s) ON CONFLICT DO NOTHING RETURNING since
)
SELECT since FROM halted UNION ALL SELECT since FROM halts LIMIT 1;

-- name: resume
-- The orders that could not be signed are queued by the next sweep.
WITH ended AS (
    DELETE FROM halts RETURNING since
), waking AS (
    UPDATE orders SET sweep_at = %(at)s WHERE status = 'routing' AND EXISTS (SELECT FROM ended)
)
SELECT EXISTS (SELECT FROM ended) AS was_halted;

-- name: add_api_key
INSERT INTO api_keys (key_id, owner_id, scope, secret_hash, created_at)
VALUES (%(key_id)s, %(owner_id)s, %(scope)s, %(secret_hash)s, %(created_at)s);

-- name: find_api_key
SELECT * FROM api_keys WHERE key_id = %(key_id)s;

-- name: revoke_api_key
UPDATE api_keys SET revoked_at = %(at)s WHERE key_id = %(key_id)s AND revoked_at IS NULL RETURNING 1;

-- name: list_api_keys
SELECT * FROM api_keys ORDER BY created_at, key_id;

-- name: check
SELECT 1 AS answer;
