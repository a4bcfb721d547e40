import Type from 'typebox';

/** A recipient's id as text: a guid, or `guid#instance`. */
export const RecipientIdSchema = Type.String({ minLength: 1, maxLength: 640 });
