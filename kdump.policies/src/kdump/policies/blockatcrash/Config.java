// SPDX-License-Identifier: Apache-2.0
package kdump.policies.blockatcrash;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.osgi.service.metatype.annotations.Option;

/** Settings of block-at-crash. */
@ObjectClassDefinition
public @interface Config {

    /** What the capture kernel does at T6: "block" or "reinit". */
    @AttributeDefinition(options = {@Option("block"), @Option("reinit")})
    String then() default "block";
}
