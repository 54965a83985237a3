// SPDX-License-Identifier: Apache-2.0
package kdump.policies.clearbusmaster;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.osgi.service.metatype.annotations.Option;

/** Settings of clear-bus-master. */
@ObjectClassDefinition
public @interface Config {

    /** When: T1, T3, T5b or T6. */
    @AttributeDefinition(options = {@Option("T1"), @Option("T3"), @Option("T5b"), @Option("T6")})
    String phase() default "T3";
}
