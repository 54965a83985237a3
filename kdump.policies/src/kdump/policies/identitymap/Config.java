// SPDX-License-Identifier: Apache-2.0
package kdump.policies.identitymap;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** Settings of identity-map-crash-range; the defaults are Montgomery's whole rule. */
@ObjectClassDefinition
public @interface Config {

    /** Whether the reservation's addresses are kept from the first kernel's allocator. */
    boolean reserves() default true;

    /** Whether the reservation is mapped to itself. */
    boolean maps() default true;

    /** How much of it, from its start on, in percent: 0 to 100. */
    @AttributeDefinition(min = "0", max = "100")
    int percent() default 100;

    /** For which functions alone, such as "0000:02:00.0"; for all if there are none. */
    String[] only() default {};
}
