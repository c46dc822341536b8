/** Child processes that always end. */
@NullMarked
package io.veloz.wal.bench.process;

import org.jspecify.annotations.NullMarked;
