-- The mapping of map.ttl as somebody who knows the tables would write it: one text a row, with the
-- triples of the row on lines of their own. NULL makes no triple, because || gives NULL and
-- concat_ws leaves that out. Nothing is checked, and nothing is percent-encoded.
CREATE MACRO text_of(v) AS '"' || replace(replace(v, '\', '\\'), '"', '\"') || '" .';
CREATE MACRO typed(v, datatype) AS
  '"' || v || '"^^<http://www.w3.org/2001/XMLSchema#' || datatype || '> .';
CREATE MACRO link(v, kind) AS '<http://plant.example/' || kind || '/' || v || '> .';
CREATE MACRO subject(kind, id) AS '<http://plant.example/' || kind || '/' || id || '> ';
CREATE MACRO rows_of(file) AS TABLE
  SELECT * FROM read_csv(file, all_varchar = true, nullstr = '', header = true, delim = ',');

COPY (
  SELECT concat_ws(chr(10),
    s || '<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://plant.example/def/Machine> .',
    s || '<http://plant.example/def/name> ' || text_of(name),
    s || '<http://plant.example/def/area> ' || text_of(area)
  ) FROM (SELECT subject('machine', id) AS s, * FROM rows_of('machine.csv'))
) TO 'out/machine.nt' (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01');

COPY (
  SELECT concat_ws(chr(10),
    s || '<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://plant.example/def/Customer> .',
    s || '<http://plant.example/def/name> ' || text_of(name),
    s || '<http://plant.example/def/country> ' || text_of(country)
  ) FROM (SELECT subject('customer', id) AS s, * FROM rows_of('customer.csv'))
) TO 'out/customer.nt' (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01');

COPY (
  SELECT concat_ws(chr(10),
    s || '<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://plant.example/def/Part> .',
    s || '<http://plant.example/def/revision> ' || text_of(rev),
    s || '<http://plant.example/def/material> ' || text_of(material),
    s || '<http://plant.example/def/tolerance> ' || typed(tol, 'decimal')
  ) FROM (SELECT subject('part', id) AS s, * FROM rows_of('part.csv'))
) TO 'out/part.nt' (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01');

COPY (
  SELECT concat_ws(chr(10),
    s || '<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://plant.example/def/Batch> .',
    s || '<http://plant.example/def/material> ' || text_of(material),
    s || '<http://plant.example/def/heatNumber> ' || text_of(heat),
    s || '<http://plant.example/def/suppliedBy> ' || link(supplier, 'supplier')
  ) FROM (SELECT subject('batch', id) AS s, * FROM rows_of('batch.csv'))
) TO 'out/batch.nt' (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01');

COPY (
  SELECT concat_ws(chr(10),
    s || '<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://plant.example/def/Order> .',
    s || '<http://plant.example/def/orderedBy> ' || link(customer, 'customer'),
    s || '<http://plant.example/def/dueDate> ' || typed(due, 'date')
  ) FROM (SELECT subject('order', id) AS s, * FROM rows_of('order.csv'))
) TO 'out/order.nt' (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01');

COPY (
  SELECT concat_ws(chr(10),
    s || '<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://plant.example/def/Job> .',
    s || '<http://plant.example/def/fulfils> ' || link("order", 'order'),
    s || '<http://plant.example/def/makes> ' || link(part, 'part'),
    s || '<http://plant.example/def/quantity> ' || typed(qty, 'integer'),
    s || '<http://plant.example/def/status> ' || text_of(status),
    s || '<http://plant.example/def/consumes> ' || link(batch, 'batch')
  ) FROM (SELECT subject('job', id) AS s, * FROM rows_of('job.csv'))
) TO 'out/job.nt' (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01');

COPY (
  SELECT concat_ws(chr(10),
    s || '<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://plant.example/def/Operation> .',
    s || '<http://plant.example/def/operationOf> ' || link(job, 'job'),
    s || '<http://plant.example/def/sequence> ' || typed(seq, 'integer'),
    s || '<http://plant.example/def/onMachine> ' || link(machine, 'machine'),
    s || '<http://plant.example/def/startedAt> ' || typed("start", 'dateTime'),
    s || '<http://plant.example/def/endedAt> ' || typed("end", 'dateTime'),
    s || '<http://plant.example/def/goodQuantity> ' || typed(good, 'integer')
  ) FROM (SELECT subject('operation', id) AS s, * FROM rows_of('operation.csv'))
) TO 'out/operation.nt' (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01');
