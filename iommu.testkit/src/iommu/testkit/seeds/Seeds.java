// SPDX-License-Identifier: Apache-2.0
package iommu.testkit.seeds;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.TestTemplate;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A test with one parameter, a {@code long}: the seed of all that it draws. It is run once for each
 * of {@link #count} seeds; one that fails carries the command that repeats it alone.
 *
 * <p>The system property {@link #PROPERTY}, a number, replaces the seeds by that single one.
 */
@Documented
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@TestTemplate
@ExtendWith(SeedsExtension.class)
public @interface Seeds {

    /** Name of the system property that replaces the seeds; {@code SEED} of cnf/make sets it. */
    String PROPERTY = "seed";

    /** How many seeds; 1 or more. */
    int count() default 10;

    /** The first of them; those that follow are the next numbers. */
    long first() default 1;
}
