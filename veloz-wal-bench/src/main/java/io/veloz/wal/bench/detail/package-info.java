/** Programs that measure one property each. */
@NullMarked
package io.veloz.wal.bench.detail;

import org.jspecify.annotations.NullMarked;
