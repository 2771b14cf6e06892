//! A tagged PDF stays tagged: a field that is seen gets its place in the tree that screen readers follow
//! (ISO 14289-1, 7.18.4).

use lopdf::{Dictionary, Object, ObjectId};

use super::pdf::{DEPTH_MAX, UnfitError};
use super::update::Update;

/// More nodes of the tree of parents are not walked.
const NODES_MAX: usize = 100_000;

/// Puts a widget into the structure as a form element, where the PDF has a structure.
pub(super) fn add_form(
    update: &mut Update<'_>,
    page: ObjectId,
    widget: ObjectId,
) -> Result<(), UnfitError> {
    let catalog = update.base().catalog()?;
    let Some(root) = catalog
        .get(b"StructTreeRoot")
        .ok()
        .and_then(|root| root.as_reference().ok())
        .filter(|root| update.get(*root).is_some_and(|root| root.as_dict().is_ok()))
    else {
        return Ok(());
    };
    let Some(key) = next_key(update, root) else {
        return Err(UnfitError::Broken {
            what: "the tree of its structure cannot be walked",
        });
    };
    let parent = parent_of_new(update, root);
    let mut reference = Dictionary::new();
    reference.set("Type", "OBJR");
    reference.set("Obj", Object::Reference(widget));
    reference.set("Pg", Object::Reference(page));
    let mut element = Dictionary::new();
    element.set("Type", "StructElem");
    element.set("S", "Form");
    element.set("P", Object::Reference(parent));
    element.set("Pg", Object::Reference(page));
    element.set("K", reference);
    let element = update.add(element);
    add_kid(update, parent, element)?;
    add_parent(update, root, key, element)?;
    update.edit(widget)?.set("StructParent", key);
    // Fields are stepped through in the order of the structure (ISO 14289-1, 7.18.3).
    if !update.edit(page)?.has(b"Tabs") {
        update.edit(page)?.set("Tabs", "S");
    }
    Ok(())
}

/// The element that holds the whole document, where there is one that is an object of its own.
fn parent_of_new(update: &Update<'_>, root: ObjectId) -> ObjectId {
    let only = update
        .get(root)
        .and_then(|root| root.as_dict().ok())
        .and_then(|root| root.get(b"K").ok())
        .and_then(|kids| match update.resolve(kids).as_array() {
            Ok(list) => only_reference(list),
            Err(_) => kids.as_reference().ok(),
        });
    match only {
        Some(id)
            if update
                .get(id)
                .and_then(|element| element.as_dict().ok())
                .is_some_and(|element| element.has(b"S")) =>
        {
            id
        }
        Some(_) | None => root,
    }
}

fn only_reference(kids: &[Object]) -> Option<ObjectId> {
    match kids {
        [only] => only.as_reference().ok(),
        _ => None,
    }
}

fn add_kid(update: &mut Update<'_>, parent: ObjectId, kid: ObjectId) -> Result<(), UnfitError> {
    let kids = update.edit(parent)?.get(b"K").ok().cloned();
    match kids {
        Some(Object::Reference(list)) if update.get(list).is_some_and(|l| l.as_array().is_ok()) => {
            update.edit_array(list)?.push(Object::Reference(kid));
        }
        Some(Object::Array(mut list)) => {
            list.push(Object::Reference(kid));
            update.edit(parent)?.set("K", list);
        }
        Some(Object::Null) | None => {
            update.edit(parent)?.set("K", vec![Object::Reference(kid)]);
        }
        Some(one) => {
            update
                .edit(parent)?
                .set("K", vec![one, Object::Reference(kid)]);
        }
    }
    Ok(())
}

/// A number under which the tree of parents has nothing.
fn next_key(update: &Update<'_>, root: ObjectId) -> Option<i64> {
    let root = update.get(root)?.as_dict().ok()?;
    let next = root
        .get(b"ParentTreeNextKey")
        .ok()
        .and_then(|next| update.resolve(next).as_i64().ok())
        .unwrap_or(0);
    let mut highest = -1;
    let mut nodes = vec![(root.get(b"ParentTree").ok(), 0)];
    let mut walked = 0;
    while let Some((node, depth)) = nodes.pop() {
        walked += 1;
        if depth > DEPTH_MAX || walked > NODES_MAX {
            return None;
        }
        let Some(node) = node.and_then(|node| update.resolve(node).as_dict().ok()) else {
            continue;
        };
        if let Ok(Ok(pairs)) = node
            .get(b"Nums")
            .map(|nums| update.resolve(nums).as_array())
        {
            highest = pairs
                .iter()
                .step_by(2)
                .filter_map(|key| key.as_i64().ok())
                .fold(highest, i64::max);
        }
        if let Ok(Ok(kids)) = node
            .get(b"Kids")
            .map(|kids| update.resolve(kids).as_array())
        {
            nodes.extend(kids.iter().map(|kid| (Some(kid), depth + 1)));
        }
    }
    Some(next.max(highest.checked_add(1)?)).filter(|key| *key < i64::from(i32::MAX))
}

/// Says in the tree of parents to which element the new number leads.
fn add_parent(
    update: &mut Update<'_>,
    root: ObjectId,
    key: i64,
    element: ObjectId,
) -> Result<(), UnfitError> {
    update.edit(root)?.set("ParentTreeNextKey", key + 1);
    let tree = update.edit(root)?.get(b"ParentTree").ok().cloned();
    let pair = vec![Object::Integer(key), Object::Reference(element)];
    let has_kids = tree
        .as_ref()
        .and_then(|tree| update.resolve(tree).as_dict().ok())
        .is_some_and(|tree| tree.has(b"Kids"));
    // The new number is the highest: it goes behind the numbers, or into a leaf behind the kids.
    let (list, more) = if has_kids {
        let mut leaf = Dictionary::new();
        leaf.set("Limits", vec![Object::Integer(key), Object::Integer(key)]);
        leaf.set("Nums", pair);
        ("Kids", vec![Object::Reference(update.add(leaf))])
    } else {
        ("Nums", pair)
    };
    let apart = match tree {
        Some(Object::Reference(id)) => push(update.edit(id)?, list, &more),
        Some(Object::Dictionary(mut tree)) => {
            let apart = push(&mut tree, list, &more);
            update.edit(root)?.set("ParentTree", tree);
            apart
        }
        Some(_) | None => {
            let mut tree = Dictionary::new();
            tree.set(list, more);
            update.edit(root)?.set("ParentTree", tree);
            return Ok(());
        }
    };
    if let Some(list) = apart {
        update.edit_array(list)?.extend(more);
    }
    Ok(())
}

/// Appends to a list within a node; where the list is an object of its own, says which.
fn push(tree: &mut Dictionary, key: &'static str, more: &[Object]) -> Option<ObjectId> {
    match tree.get_mut(key.as_bytes()) {
        Ok(Object::Reference(id)) => Some(*id),
        Ok(Object::Array(list)) => {
            list.extend_from_slice(more);
            None
        }
        Ok(_) | Err(_) => {
            tree.set(key, more.to_vec());
            None
        }
    }
}
