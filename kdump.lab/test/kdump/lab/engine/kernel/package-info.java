// SPDX-License-Identifier: Apache-2.0

/** Tests of single classes of this part of the engine. */
package kdump.lab.engine.kernel;
